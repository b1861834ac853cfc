"""Sounds of every length get embeddings."""

from __future__ import annotations

import numpy as np

from hearkit.api.contract import SHORTEST_CLIP_S
from hearkit.errors import Fault

from ...asking.answers import reproduction_of
from ...asking.session import Session
from ...asking.snippets import Reproduction, reproduce
from ...catalogue import Figure, Severity, Spares, Verdict, check, conforms, violates
from ...stimuli import Stimulus, constant, noise
from .._calls import FUNCTIONS, call_of
from ..outputs.content import finite
from ..outputs.modes import not_training


def _problem(session: Session, sounds: Stimulus) -> tuple[str, Reproduction, bool]:
    """What goes wrong, what reproduces it, and whether it took a worker."""
    for function in FUNCTIONS:
        call = call_of(function, "audio")
        try:
            embeddings = session.embed(function, sounds)
        except Fault as fault:
            reproduction = reproduction_of(fault) or reproduce(call, audio=sounds)
            return str(fault), reproduction, fault.kind != "exception"
        if not np.isfinite(embeddings).all() and not _is_known(session, function, sounds):
            reproduction = reproduce(f"print(abs({call}).max())", audio=sounds)
            return f"{function} returned numbers that are not finite", reproduction, False
    return "", reproduce(), False


def _is_known(session: Session, function: str, sounds: Stimulus) -> bool:
    """Whether a single sample fails as constant sounds and silence do, for another check."""
    return sounds.n_samples == 1 and not all(
        np.isfinite(session.embed(function, constant(1, session.samples(1.0), level))).all()
        for level in (0.0, 0.5)
    )


def _works(session: Session, lengths: dict[str, int], expected: str) -> Verdict:
    """Embed one sound of each length."""
    failed, fatal = {}, False
    for name, n_samples in lengths.items():
        problem, reproduction, fatal = _problem(session, noise(1, n_samples, session.seed))
        if problem:
            failed[name] = (problem, reproduction)
        if fatal:
            break
    if not failed:
        return conforms(", ".join(lengths))
    first, reproduction = next(iter(failed.values()))
    return violates(
        f"with {', '.join(failed)}: {first}",
        Figure("lengths that fail", len(failed), limit=0),
        # Each further sound that ends a process might take as long as the time limit.
        spares=Spares.NOTHING if fatal else Spares.WORKING,
        expected=expected,
        reproduction=reproduction,
    )


@check(
    "L01",
    "the benchmark's lengths work",
    section="What callers rely on",
    requires=(finite,),
    single=True,
    fix="Pad sounds that are shorter than what the model needs.",
)
def benchmark_lengths(session: Session) -> Verdict:
    """The shortest clips of the benchmark last 0.81 s; a crash there ends the evaluation."""
    return _works(
        session,
        {f"{s:g} s": session.samples(s) for s in (SHORTEST_CLIP_S, 1.5, 4.0)},
        "embeddings for everything from 0.81 s upward",
    )


@check(
    "L03",
    "odd and prime lengths work",
    section="What callers rely on",
    requires=(benchmark_lengths,),
    single=True,
    fix="Do not assume that the length is even or a multiple of the hop.",
)
def odd_lengths(session: Session) -> Verdict:
    """Recordings have any length. A reshape that assumes a multiple of the hop fails on nearly all
    of them.
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
    "L02",
    "very short sounds work",
    severity=Severity.WARNING,
    section="What callers rely on",
    requires=(benchmark_lengths, odd_lengths, not_training),
    single=True,
    fix="Pad with zeros up to one window; reflect padding needs more audio than its width.",
)
def short_lengths(session: Session) -> Verdict:
    """The benchmark has no clip shorter than 0.81 s, but users have: a drum hit, a syllable."""
    lengths = {f"{s:g} s": session.samples(s) for s in (0.5, 0.1, 0.01)}
    return _works(session, {**lengths, "1 sample": 1}, "embeddings for any length")


@check(
    "L05",
    "30 seconds work",
    section="What callers rely on",
    requires=(benchmark_lengths,),
    single=True,
    fix="Process long audio in chunks; look for fixed-size positional encodings or buffers.",
)
def half_minute(session: Session) -> Verdict:
    """Several tasks of the benchmark have clips of minutes; models made for short windows
    fail where their buffers end.
    """
    return _works(session, {"30 s": session.samples(30.0)}, "embeddings for 30 s of audio")
