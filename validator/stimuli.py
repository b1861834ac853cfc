"""The audio that checks embed: noise, bursts, silence and real recordings.

Every stimulus knows the Python expression that makes it, so that a finding can be reproduced
outside the validator. Audio is float32, shape (n_sounds, n_samples), within [-1, 1].
"""

from __future__ import annotations

import functools
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]

_FOLDER = Path(__file__).parent / "recordings"

_REMEMBERED = 2_000_000
"""Samples of noise that are kept at most, since many checks ask about the same: 8 MB."""


@dataclass(frozen=True)
class Stimulus:
    """A batch of sounds.

    Attributes:
        name: What it is, in words.
        code: The NumPy expression that makes it; what identifies the stimulus.
        audio: The batch, shape (n_sounds, n_samples).
    """

    name: str
    code: str
    audio: Audio = field(repr=False)

    def __len__(self) -> int:
        return len(self.audio)

    @property
    def n_samples(self) -> int:
        """The length of every sound, in samples."""
        return int(self.audio.shape[1])

    def pick(self, *rows: int) -> Stimulus:
        """A batch of some of the sounds, in this order."""
        listed = ", ".join(map(str, rows))
        named = (
            f"sound {listed} of {self.name}"
            if len(rows) == 1
            else f"sounds {listed} of {self.name}"
        )
        return Stimulus(named, f"{self.code}[[{listed}]]", self.audio[list(rows)])

    def cut(self, n_samples: int) -> Stimulus:
        """The first samples of every sound."""
        return Stimulus(
            f"the first {n_samples} samples of {self.name}",
            f"{self.code}[:, :{n_samples}]",
            self.audio[:, :n_samples],
        )

    def shifted(self, n_samples: int) -> Stimulus:
        """Every sound turned around by this many samples."""
        return Stimulus(
            f"{self.name} shifted",
            f"np.roll({self.code}, {n_samples}, axis=1)",
            np.roll(self.audio, n_samples, axis=1),
        )

    def followed_by(self, other: Stimulus) -> Stimulus:
        """One batch of these sounds followed by the other's."""
        return Stimulus(
            f"{self.name} followed by {other.name}",
            f"np.concatenate([{self.code}, {other.code}])",
            np.concatenate([self.audio, other.audio]),
        )

    def plus(self, other: Stimulus) -> Stimulus:
        """The sum, sample by sample."""
        return Stimulus(
            f"{self.name} with {other.name}",
            f"({self.code} + {other.code})",
            self.audio + other.audio,
        )


def noise(n_sounds: int, n_samples: int, seed: int = 0, level: float = 0.1) -> Stimulus:
    """Gaussian noise with this standard deviation, cut at full scale."""
    code = (
        f"np.random.default_rng({seed}).normal(0, {level}, ({n_sounds}, {n_samples}))"
        '.clip(-1, 1).astype("float32")'
    )
    shape = (n_sounds, n_samples)
    if n_sounds * n_samples > _REMEMBERED:
        audio = _noise(shape, seed, level)
    else:
        audio = _remembered_noise(shape, seed, level).copy()
    return Stimulus(f"noise {n_sounds} x {n_samples}", code, audio)


def _noise(shape: tuple[int, int], seed: int, level: float) -> Audio:
    drawn = np.random.default_rng(seed).normal(0, level, shape)
    return drawn.clip(-1, 1).astype(np.float32)


_remembered_noise = functools.lru_cache(maxsize=16)(_noise)


def constant(n_sounds: int, n_samples: int, value: float) -> Stimulus:
    """The same value everywhere: digital silence (0) or a DC offset."""
    name = "digital silence" if value == 0 else f"a DC offset of {value:g}"
    return Stimulus(
        f"{name} {n_sounds} x {n_samples}",
        f'np.full(({n_sounds}, {n_samples}), {value!r}, "float32")',
        np.full((n_sounds, n_samples), value, np.float32),
    )


def clipped(n_sounds: int, n_samples: int, seed: int = 0) -> Stimulus:
    """Full-scale noise of -1 and 1 only, as of a recording that clips."""
    code = (
        f"np.random.default_rng({seed}).choice([-1, 1], ({n_sounds}, {n_samples}))"
        '.astype("float32")'
    )
    audio = np.random.default_rng(seed).choice([-1, 1], (n_sounds, n_samples))
    return Stimulus(f"full-scale clipping {n_sounds} x {n_samples}", code, audio.astype(np.float32))


def impulse(n_sounds: int, n_samples: int) -> Stimulus:
    """Silence with a single full-scale sample in the middle."""
    return Stimulus(
        f"one impulse {n_sounds} x {n_samples}",
        f'np.tile((np.arange({n_samples}) == {n_samples // 2}).astype("float32"), ({n_sounds}, 1))',
        np.tile((np.arange(n_samples) == n_samples // 2).astype(np.float32), (n_sounds, 1)),
    )


def recorded(sample_rate: int, n_samples: int, seed: int = 0) -> Stimulus:
    """All recordings as one batch, each repeated to the length asked for; see `recordings`."""
    given = f"{sample_rate}, {n_samples}" + (f", {seed}" if seed else "")
    return Stimulus(
        f"real recordings {len(_names())} x {n_samples}",
        f"recordings({given})",
        recordings(sample_rate, n_samples, seed),
    )


def bursts(n_samples: int, sample_rate: int, times_s: tuple[float, ...], seed: int = 0) -> Stimulus:
    """Silence with a 5 ms burst of noise centred on each of these times."""
    return Stimulus(
        f"{len(times_s)} bursts",
        f"burst_train({n_samples}, {sample_rate}, {tuple(round(t, 6) for t in times_s)}, {seed})",
        burst_train(n_samples, sample_rate, tuple(round(t, 6) for t in times_s), seed),
    )


def recordings(sample_rate: int, n_samples: int, seed: int = 0) -> Audio:
    """The validator's real recordings: speech, guitar, drums, a crow, a choir.

    Args:
        sample_rate: Hz to resample to.
        n_samples: Length of each; shorter recordings are repeated.
        seed: With another one than 0, each begins somewhere else, and nobody can know where.

    Returns:
        Audio of shape (5, n_samples), peaks at 0.5.
    """
    rows = [_recording(name, sample_rate) for name in _names()]
    if seed:
        drawn = np.random.default_rng(seed)
        rows = [np.roll(row, -int(drawn.integers(len(row)))) for row in rows]
    return np.stack([np.resize(row, n_samples) for row in rows])


def burst_train(
    n_samples: int, sample_rate: int, times_s: tuple[float, ...], seed: int = 0
) -> Audio:
    """Short bursts of noise in silence.

    Args:
        n_samples: Length of the sound.
        sample_rate: Hz.
        times_s: The centres of the bursts, in seconds.
        seed: Seed of the noise.

    Returns:
        Audio of shape (1, n_samples).
    """
    audio = np.zeros((1, n_samples), np.float32)
    half = max(1, round(0.0025 * sample_rate))
    # The same noise in every burst, so that their responses can be laid over one another.
    shape = np.hanning(2 * half + 1) * np.random.default_rng(seed).uniform(-1, 1, 2 * half + 1)
    for time in times_s:
        centre = round(time * sample_rate)
        lo, hi = max(0, centre - half), min(n_samples, centre + half + 1)
        audio[0, lo:hi] += (0.5 * shape[lo - centre + half : hi - centre + half]).astype(np.float32)
    return audio


def with_marks(audio: Audio, width: int, begins: Sequence[int]) -> Audio:
    """The audio with short places that are ten times louder, cut at full scale.

    Args:
        audio: Shape (n_sounds, n_samples).
        width: Samples of each place.
        begins: First samples of the places.

    Returns:
        A new array of the same shape.
    """
    louder = audio.copy()
    for begin in begins:
        louder[:, begin : begin + width] *= 10
    return louder.clip(-1, 1)


def recording_names() -> tuple[str, ...]:
    """What the recordings are, in words, in the order of `recordings`."""
    words = {"ambi": "choir", "guit": "guitar", "loop": "drums", "misc": "crow"}
    kinds = [name.partition("_")[0] for name in _names()]
    return tuple(words.get(kind, kind) for kind in kinds)


def _names() -> list[str]:
    return sorted(path.name for path in _FOLDER.glob("*.wav"))


@functools.cache
def _recording(name: str, sample_rate: int) -> Audio:
    # soxr takes a moment to import, and some runs need no recording.
    import soxr

    with wave.open(str(_FOLDER / name), "rb") as file:
        native = file.getframerate()
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    audio = soxr.resample(raw.astype(np.float32) / 32768, native, sample_rate)
    return np.asarray(0.5 * audio / np.abs(audio).max(), np.float32)
