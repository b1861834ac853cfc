"""Timestamps are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...asking.session import Numbers, Session
from ...catalogue import Figure, Verdict, check, conforms, violates
from ..length.lengths import benchmark_lengths, odd_lengths
from ._sounds import (
    duration_ms,
    printing,
    sounds_of,
    times_of,
)

_PACE = 0.02
"""Relative error of the pace of timestamps that is taken for rounding."""


@dataclass(frozen=True)
class Grid:
    """Timestamps of one sound.

    Attributes:
        duration_ms: Length of the sound.
        times_ms: Its timestamps, shape (n_timestamps,).
    """

    duration_ms: float
    times_ms: Numbers


@dataclass(frozen=True)
class Grids:
    """Timestamps of sounds of several lengths, for a picture."""

    grids: tuple[Grid, ...]


@check(
    "T01",
    "timestamps are milliseconds",
    section="get_timestamp_embeddings",
    requires=(benchmark_lengths, odd_lengths),
    fix="Return milliseconds: 1000 * sample_position / sample_rate.",
)
def milliseconds(session: Session) -> Verdict:
    """Timestamps in another unit match no event of the benchmark: two entries of its public
    leaderboard return seconds and score 0.0 on both event tasks.
    """
    short, long = sounds_of(session, 1.0), sounds_of(session, 3.0)
    first, last = times_of(session, short), times_of(session, long)
    if not (np.isfinite(first).all() and np.isfinite(last).all()):
        return violates(
            "some timestamps are not finite",
            expected="finite milliseconds",
            reproduction=printing(long),
        )
    short_ms, long_ms = duration_ms(session, short), duration_ms(session, long)
    grown = float(last[-1] - first[-1])
    slope = grown / (long_ms - short_ms)
    figure = Figure("growth", slope, "ms of timestamps per ms of audio")
    evidence = Grids((Grid(short_ms, first), Grid(long_ms, last)))
    if _follows(slope, first, last, short_ms):
        return conforms("", figure, evidence=evidence)
    return violates(
        f"the last timestamp is {last[-1]:.6g} for {long_ms:.0f} ms of audio "
        f"and {first[-1]:.6g} for {short_ms:.0f} ms",
        figure,
        expected="timestamps that grow by 1 ms for every ms of audio",
        hint=_unit_hint(slope, session.sample_rate, last),
        reproduction=printing(long),
        evidence=evidence,
    )


def _follows(slope: float, first: Numbers, last: Numbers, first_duration_ms: float) -> bool:
    """Whether timestamps run as fast as the audio, or at least fill the shorter sound."""
    if len(first) == len(last) == 1:
        # A hop above three seconds stays where it is; one for the whole sound is at its middle.
        return 0 <= first[0] <= first_duration_ms and (slope == 0 or 0.4 <= slope <= 1.1)
    hop = float(np.diff(last).mean()) if len(last) > 1 else 0.0
    # Both last timestamps lie up to a hop before the end, or before a fixed distance from it.
    if abs(slope - 1) <= _PACE + abs(hop) / 2000:
        return True
    # Timestamps that stop growing are in the right unit: that audio is lost is found later.
    filled = float(np.ptp(first)) + float(np.diff(first).mean()) if len(first) > 1 else 0.0
    return slope >= 0 and abs(filled / first_duration_ms - 1) <= _PACE + abs(hop) / 1000


def _unit_hint(slope: float, sample_rate: int, times: Numbers) -> str:
    units = {
        "seconds: multiply by 1000": 1e-3,
        "microseconds: divide by 1000": 1e3,
        "minutes: multiply by 60000": 1 / 60000,
        "sample numbers: multiply by 1000 / sample_rate": sample_rate / 1000,
    }
    for name, expected in units.items():
        if 0.9 <= slope / expected <= 1.1:
            return f"These look like {name}."
    steps = np.diff(times)
    if len(steps) and np.allclose(steps, 1.0, atol=1e-3):
        return "These look like frame numbers: multiply by the hop in ms."
    if slope == 0:
        return "They do not follow the length of the audio: is it padded to a fixed length?"
    return f"They run {slope:.3g} times as fast as the audio: is the hop or the sample rate wrong?"
