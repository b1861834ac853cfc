"""The sounds that checks of timestamps ask about, and what is read from the answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from hearkit.errors import Fault

from ...asking.session import TIMESTAMP, Numbers, Session
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


def grain_ms(session: Session, latest_ms: float) -> float:
    """How finely the dtype of timestamps tells them apart, in ms; 0 for float32 and better.

    A wrong dtype is for one check. The others judge timestamps as finely as it lets them.

    Args:
        session: The submission.
        latest_ms: The latest of the timestamps, where floating point is coarsest.
    """
    dtype = session.values(TIMESTAMP, sounds_of(session, 1.0))[1].dtype
    if "int" in dtype or dtype == "bool":
        return 1.0
    bits = next((n for name, n in _FRACTION_BITS.items() if dtype.startswith(name)), None)
    if bits is None or not 0 < latest_ms < np.inf:
        return 0.0
    return float(2.0 ** (np.floor(np.log2(latest_ms)) - bits))


_FRACTION_BITS = {"float16": 10, "bfloat16": 7, "float8_e4m3": 3, "float8_e5m2": 2}
"""Bits after the leading one, of dtypes that do not hold milliseconds."""


def hop_ms(session: Session) -> float:
    """The mean interval between timestamps over three seconds; 0 where there is only one."""
    times = times_of(session, sounds_of(session, 3.0))
    return float(times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0


def printing(sounds: Stimulus, line: str = "times[0]") -> Reproduction:
    return reproduce("embeddings, times = timestamps(audio, model)", f"print({line})", audio=sounds)
