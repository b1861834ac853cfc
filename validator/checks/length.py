"""L: any length, from one sample to 20 minutes, in any memory layout."""

from __future__ import annotations

import numpy as np

from ..catalogue import Figure, Severity, Verdict, check, conforms, violates
from ..contract import (
    BATCH_TOLERANCE,
    LONGEST_CLIP_S,
    MEMORY_LIMIT_GB,
    REPEAT_TOLERANCE,
    SHORTEST_CLIP_S,
)
from ..measure import relative_errors
from ..session import SCENE, TIMESTAMP, Session
from ..stimuli import Stimulus, noise, recorded
from ..submission import SubmissionFault
from .outputs import FUNCTIONS, finite


def _problem(session: Session, sounds: Stimulus) -> tuple[str, str]:
    """What goes wrong with this batch, and a snippet; empty where nothing does."""
    for function in FUNCTIONS:
        short = "scene(audio, model)" if function == SCENE else "timestamps(audio, model)[0]"
        snippet = session.snippet(f"print({short}.shape)", audio=sounds)
        try:
            embeddings = session.embed(function, sounds)
        except SubmissionFault as fault:
            return str(fault), fault.snippet or snippet
        if not np.isfinite(embeddings).all():
            return f"{function} returned numbers that are not finite", snippet
    return "", ""


def _works(session: Session, lengths: dict[str, int], expected: str) -> Verdict:
    """Embed one sound of each length."""
    failed = {}
    for name, n_samples in lengths.items():
        problem, snippet = _problem(session, noise(1, n_samples, session.seed))
        if problem:
            failed[name] = (problem, snippet)
    if not failed:
        return conforms(", ".join(lengths))
    first, snippet = next(iter(failed.values()))
    return violates(
        f"with {', '.join(failed)}: {first}",
        Figure("lengths that fail", len(failed), limit=0),
        expected=expected,
        snippet=snippet,
    )


@check(
    "L01",
    "the benchmark's lengths work",
    section="What callers rely on",
    requires=(finite,),
    mend="Pad sounds that are shorter than what the model needs.",
)
def benchmark_lengths(session: Session) -> Verdict:
    """The shortest clips of the benchmark last 0.81 s; a crash there ends the evaluation."""
    return _works(
        session,
        {f"{s:g} s": session.samples(s) for s in (SHORTEST_CLIP_S, 1.5, 4.0)},
        "embeddings for everything from 0.81 s upward",
    )


@check(
    "L02",
    "very short sounds work",
    severity=Severity.WARNING,
    section="What callers rely on",
    requires=(benchmark_lengths,),
    mend="Pad with zeros up to one window; reflect padding needs more audio than its width.",
)
def short_lengths(session: Session) -> Verdict:
    """The benchmark has no clip below 0.81 s, but users have: one drum hit, one syllable."""
    lengths = {f"{s:g} s": session.samples(s) for s in (0.5, 0.1, 0.01)}
    return _works(session, {**lengths, "1 sample": 1}, "embeddings for any length")


@check(
    "L03",
    "odd and prime lengths work",
    section="What callers rely on",
    requires=(benchmark_lengths,),
    mend="Do not assume that the length is even or a multiple of the hop.",
)
def odd_lengths(session: Session) -> Verdict:
    """Recordings have the length they have. A reshape that assumes a multiple of the hop
    fails on nearly all of them.
    """
    base = session.samples(1.0)
    lengths = {_next_prime(base): "a prime", base - 1: "1 s - 1", base + 1: "1 s + 1"}
    lengths |= {_next_prime(session.samples(1.31)): "a prime"}
    named = {f"{n} samples ({why})": n for n, why in lengths.items()}
    return _works(session, named, "embeddings for any number of samples")


def _next_prime(n: int) -> int:
    while any(n % k == 0 for k in range(2, int(n**0.5) + 1)):
        n += 1
    return n


@check(
    "L04",
    "audio need not be contiguous in memory",
    section="What callers rely on",
    requires=(benchmark_lengths,),
    mend="Use reshape instead of view, or call audio.contiguous() first.",
)
def layouts(session: Session) -> Verdict:
    """Callers pass slices of longer recordings and channels of stereo ones."""
    if session.framework != "torch":
        return conforms("TensorFlow tensors are always contiguous")
    sounds = recorded(session.sample_rate, session.samples(0.9)).pick(0, 1)
    worst = 0.0
    views = {
        "sliced": "torch.nn.functional.pad(audio, (32, 32))[:, 32:-32]",
        "strided": "torch.stack([audio, audio], -1)[:, :, 1]",
    }
    for layout, code in views.items():
        for function in FUNCTIONS:
            short = "scene(view, model)" if function == SCENE else "timestamps(view, model)[0]"
            snippet = session.snippet(f"view = {code}", f"print({short})", audio=sounds)
            try:
                seen = session.embed(function, sounds, layout=layout)
            except SubmissionFault as fault:
                fault.snippet = snippet
                raise
            error = float(relative_errors(session.embed(function, sounds), seen).max())
            worst = max(worst, error)
            if error > BATCH_TOLERANCE:
                return violates(
                    f"{function} embeds {layout} audio otherwise, relative error {error:.3g}",
                    Figure("relative error", error, limit=BATCH_TOLERANCE),
                    expected="the same embeddings as for contiguous audio",
                    snippet=snippet,
                )
    return conforms("", Figure("relative error", worst, limit=BATCH_TOLERANCE))


@check(
    "L05",
    "30 seconds work",
    section="What callers rely on",
    requires=(benchmark_lengths,),
    mend="Process long audio in chunks; look for fixed-size positional encodings or buffers.",
)
def half_minute(session: Session) -> Verdict:
    """Several tasks of the benchmark have clips of minutes; models made for short windows
    fail where their buffers end.
    """
    return _works(session, {"30 s": session.samples(30.0)}, "embeddings for 30 s of audio")


@check(
    "L06",
    "long audio is not truncated",
    section="What callers rely on",
    requires=(half_minute,),
    mend="Embed all of the audio: no maximum length, no dropped last chunk.",
)
def not_truncated(session: Session) -> Verdict:
    """A model that quietly embeds the first ten seconds hears nothing of what follows. A
    change in the last second must change the scene embedding, and timestamps must reach it.
    """
    rate, n_samples = session.sample_rate, session.samples(30.0)
    sounds = noise(1, n_samples, session.seed)
    ending = Stimulus(
        "a last second of silence",
        f"(-{sounds.code} * (np.arange({n_samples}) >= {n_samples - rate}))",
        -sounds.audio * (np.arange(n_samples) >= n_samples - rate),
    )
    changed = sounds.plus(ending)
    error = float(relative_errors(session.scene(sounds), session.scene(changed))[0])
    if error <= REPEAT_TOLERANCE:
        return violates(
            "silence in the last of 30 s leaves the scene embedding as it was",
            Figure("relative change", error, limit=REPEAT_TOLERANCE),
            expected="a scene embedding of the whole audio",
            snippet=session.snippet(
                "print((scene(one, model) - scene(two, model)).abs().max())",
                one=sounds,
                two=changed,
            ),
        )
    last = float(session.timestamps(sounds)[1].max())
    if last < 30_000 - _END_GAP_MS:
        return violates(
            f"the last timestamp of 30 s is {last:.0f} ms",
            Figure("last timestamp", last, "ms", 30_000 - _END_GAP_MS),
            expected="timestamps up to the end",
            snippet=session.snippet("print(timestamps(audio, model)[1].max())", audio=sounds),
        )
    return conforms("", Figure("relative change", error))


_END_GAP_MS = 1500.0
"""Windows of one second, placed without padding, have their last centre up to 1 s early."""


@check(
    "L07",
    "20 minutes fit into 16 GB",
    section="What callers rely on",
    requires=(half_minute,),
    mend="Embed long audio in chunks into one preallocated result, without gradients.",
    long=True,
)
def twenty_minutes(session: Session) -> Verdict:
    """The rules promise at most 20 minutes at once, and 16 GB of GPU memory for them."""
    sounds = noise(1, session.samples(LONGEST_CLIP_S), session.seed)
    peak = 0
    for function in (SCENE, TIMESTAMP):
        reply = session.call(function, sounds, keep=False)
        peak = max(peak, reply.peak_bytes, int(reply.facts.get("device_peak_bytes", 0)))
        array = reply.values[0].array
        if array is None or not np.isfinite(array).all():
            return violates(
                f"{function} returned numbers that are not finite for 20 minutes",
                expected="finite numbers",
                snippet=session.snippet("scene(audio, model)", audio=sounds),
            )
        if function == TIMESTAMP and (times := reply.values[1].array) is not None:
            last = float(times.max())
            if last < LONGEST_CLIP_S * 1000 - _END_GAP_MS:
                return violates(
                    f"the last timestamp of 20 minutes is {last:.0f} ms",
                    expected="timestamps up to the end",
                    snippet=session.snippet("timestamps(audio, model)[1].max()", audio=sounds),
                )
    figure = Figure("peak memory", peak / 1e9, "GB", MEMORY_LIMIT_GB)
    if peak > MEMORY_LIMIT_GB * 1e9:
        return violates(
            f"20 minutes of audio took {peak / 1e9:.1f} GB",
            figure,
            expected=f"at most {MEMORY_LIMIT_GB:g} GB",
            snippet=session.snippet("timestamps(audio, model)", audio=sounds),
        )
    return conforms("", figure)
