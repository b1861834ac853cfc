"""Hypothesis strategies for batches of audio.

What is drawn are a few numbers, from which the audio is made; so Hypothesis shrinks a failure to
the fewest sounds, the shortest audio and the plainest content that still fail.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import strategies as st

from hearkit.api.contract import SHORTEST_CLIP_S

from ..stimuli import Stimulus, bursts, clipped, constant, impulse, noise, recorded

_BURSTS_S = 0.25
"""Seconds between two bursts."""

_FAINT = 1e-6
"""Full scale is 1; a 16-bit recording has no level below 3e-5."""


def _tone(sample_rate: int, n_samples: int, seed: int) -> Stimulus:
    hertz = 110 * 2 ** (seed % 48 / 12)
    code = f"0.3 * np.sin(2 * np.pi * {hertz:.3f} / {sample_rate} * np.arange({n_samples}))"
    wave = 0.3 * np.sin(2 * np.pi * float(f"{hertz:.3f}") / sample_rate * np.arange(n_samples))
    return Stimulus("tone", f'({code})[None].astype("float32")', wave[None].astype(np.float32))


def _bursts(sample_rate: int, n_samples: int, seed: int) -> Stimulus:
    times = np.arange(_BURSTS_S / 2, n_samples / sample_rate, _BURSTS_S)
    return bursts(n_samples, sample_rate, tuple(map(float, times)), seed)


def _recording(sample_rate: int, n_samples: int, seed: int) -> Stimulus:
    all_ = recorded(sample_rate, n_samples)
    return all_.pick(seed % len(all_))


def _mixture(sample_rate: int, n_samples: int, seed: int) -> Stimulus:
    return _recording(sample_rate, n_samples, seed).plus(noise(1, n_samples, seed, 0.02))


_MAKERS: dict[str, Callable[[int, int, int], Stimulus]] = {
    "noise": lambda _, n, seed: noise(1, n, seed),
    "tone": _tone,
    "bursts": _bursts,
    "recording": _recording,
    "mixture": _mixture,
    "impulse": lambda _, n, __: impulse(1, n),
    "silence": lambda _, n, __: constant(1, n, 0.0),
    "faint noise": lambda _, n, seed: noise(1, n, seed, _FAINT),
    "full-scale clipping": lambda _, n, seed: clipped(1, n, seed),
    "full-scale constant": lambda _, n, __: constant(1, n, 1.0),
}

CONTENT = tuple(_MAKERS)
"""What sounds may hold, the plainest first; failures shrink towards the first."""


def audio_batches(
    sample_rate: int,
    *,
    n_sounds: tuple[int, int] = (1, 4),
    seconds: tuple[float, float] = (SHORTEST_CLIP_S, 3.0),
    content: Sequence[str] = CONTENT,
) -> st.SearchStrategy[Stimulus]:
    """Batches of audio for a model.

    Args:
        sample_rate: Sample rate of the model in Hz.
        n_sounds: Fewest and most sounds in a batch.
        seconds: Shortest and longest audio in seconds; all sounds of a batch have the same length.
        content: Kinds of sounds, from `CONTENT`.

    Returns:
        A strategy of `Stimulus`: `audio` is float32 in [-1, 1], shape (n_sounds, n_samples);
        `code` is the expression that makes it; `name` says what each sound is.

    Raises:
        ValueError: If the bounds are out of order or not positive, or a content is unknown.

    Examples:
        >>> from validator.testing import audio_batches
        >>> batches = audio_batches(16000, n_sounds=(2, 2), content=("tone", "silence"))
    """
    fewest, most = n_sounds
    shortest, longest = (round(s * sample_rate) for s in seconds)
    if not 1 <= fewest <= most:
        raise ValueError(f"n_sounds must be 1 or more, the lower bound first, not {n_sounds}")
    if not 1 <= shortest <= longest:
        raise ValueError(f"seconds must be more than 0, the lower bound first, not {seconds}")
    if not content or (unknown := [kind for kind in content if kind not in _MAKERS]):
        raise ValueError(f"content must be some of {', '.join(CONTENT)}, not {unknown or content}")
    return st.builds(
        functools.partial(_batch, sample_rate),
        st.lists(st.sampled_from(list(content)), min_size=fewest, max_size=most),
        st.integers(shortest, longest),
        st.integers(0, 99),
    )


def _batch(sample_rate: int, kinds: list[str], n_samples: int, seed: int) -> Stimulus:
    # A seed for each place, so that no two sounds of noise are the same.
    sounds = [_MAKERS[kind](sample_rate, n_samples, seed + k) for k, kind in enumerate(kinds)]
    whole = functools.reduce(Stimulus.followed_by, sounds)
    code = f"np.concatenate([{', '.join(s.code for s in sounds)}])"
    return Stimulus(
        f"{', '.join(kinds)}; {len(kinds)} x {n_samples} samples, seed {seed}",
        code if len(sounds) > 1 else sounds[0].code,
        whole.audio,
    )
