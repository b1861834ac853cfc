"""The sounds that checks of timestamps ask about, and what is read from the answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from hearkit.errors import Fault

from ...asking.session import Numbers, Session
from ...asking.snippets import Reproduction, reproduce
from ...stimuli import Stimulus, noise

ROUNDING_MS = 0.25
"""float32 resolves 0.125 ms at 20 minutes."""


LENGTHS_S = (1.0, 1.2345, 3.0)
"""Lengths that most checks of this family look at; one is not a multiple of anything."""


LONG_S = 30.0
"""Beyond the chunks that models cut long audio into."""


def sounds_of(session: Session, seconds: float) -> Stimulus:
    """One sound of this length, as the checks of lengths and shapes ask about."""
    return noise(1, session.samples(seconds), session.seed)


def sounds_of_many_lengths(session: Session) -> Iterator[Stimulus]:
    """Sounds of several lengths, half a minute included where that works at all."""
    yield from (sounds_of(session, seconds) for seconds in LENGTHS_S)
    long = noise(1, session.samples(LONG_S), session.seed)
    with contextlib.suppress(Fault):  # which is for the checks of length
        session.timestamps(long)
        yield long


def times_of(session: Session, sounds: Stimulus) -> Numbers:
    """Timestamps of the first sound in ms, shape (n_timestamps,), as float64."""
    return np.asarray(session.timestamps(sounds)[1][0], np.float64)


def duration_ms(session: Session, sounds: Stimulus) -> float:
    return 1000.0 * sounds.n_samples / session.sample_rate


def hop_ms(session: Session) -> float:
    """The mean interval between timestamps over three seconds; 0 where there is only one."""
    times = times_of(session, sounds_of(session, 3.0))
    return float(times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0


def printing(sounds: Stimulus, line: str = "times[0]") -> Reproduction:
    return reproduce("embeddings, times = timestamps(audio, model)", f"print({line})", audio=sounds)
