"""Timestamps are milliseconds."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hearkit.errors import Fault

from ...asking.session import Numbers, Session
from ...catalogue import Figure, Verdict, check, conforms, violates
from ...stimuli import Stimulus
from ..length.lengths import benchmark_lengths, odd_lengths
from ..outputs.dtypes import timestamp_dtype
from ._sounds import (
    LONG_S,
    duration_ms,
    printing,
    sounds_of,
    times_of,
)

_PACE = 0.02
"""Relative error of the pace of timestamps that is taken for rounding."""


_STOPPED = 0.9
"""Growth over half a minute below which timestamps stop somewhere, and do not run slow."""


@dataclass(frozen=True)
class Grid:
    """Timestamps of one sound.

    Attributes:
        duration_ms: Length of the sound.
        times_ms: Its timestamps, shape (n_timestamps,).
    """

    duration_ms: float
    times_ms: Numbers

    @property
    def last_ms(self) -> float:
        """The last timestamp; that they are in order is for another check."""
        return float(self.times_ms.max())


@dataclass(frozen=True)
class Grids:
    """Timestamps of sounds of several lengths, for a picture."""

    grids: tuple[Grid, ...]


@check(
    "T01",
    "timestamps are milliseconds",
    section="get_timestamp_embeddings",
    requires=(benchmark_lengths, odd_lengths, timestamp_dtype),
    single=True,
    fix="Return milliseconds: 1000 * sample_position / sample_rate.",
)
def milliseconds(session: Session) -> Verdict:
    """Timestamps in another unit match no event of the benchmark: two entries of its public
    leaderboard return seconds and score 0.0 on both event tasks.
    """
    one, three = (_grid(session, sounds_of(session, seconds)) for seconds in (1.0, 3.0))
    grids = [one, three]
    # Beyond what models pad short audio to. That half a minute works is for another check.
    with contextlib.suppress(Fault):
        grids.append(_grid(session, sounds_of(session, LONG_S)))
    odd = [grid for grid in grids if not np.isfinite(grid.times_ms).all()]
    if odd:
        return violates(
            "some timestamps are not finite",
            expected="finite milliseconds",
            reproduction=printing(sounds_of(session, odd[-1].duration_ms / 1000)),
        )
    short, long = grids[-2:]
    slope = _pace(short, long)
    figure = Figure("growth", slope, "ms of timestamps per ms of audio")
    evidence = Grids(tuple(grids[-2:]))
    if _keeps_pace(short, long) or _stops_later(grids):
        return conforms("", figure, evidence=evidence)
    other = long if short is three else one
    return violates(
        f"the last timestamp is {three.last_ms:.6g} for {three.duration_ms:.0f} ms of audio "
        f"and {other.last_ms:.6g} for {other.duration_ms:.0f} ms",
        figure,
        expected="timestamps that grow by 1 ms for every ms of audio",
        hint=_unit_hint(slope, session.sample_rate, long.times_ms),
        reproduction=printing(sounds_of(session, 3.0)),
        evidence=evidence,
    )


def _grid(session: Session, sounds: Stimulus) -> Grid:
    return Grid(duration_ms(session, sounds), times_of(session, sounds))


def _pace(short: Grid, long: Grid) -> float:
    """Growth of the last timestamp, in ms for each ms of audio."""
    return (long.last_ms - short.last_ms) / (long.duration_ms - short.duration_ms)


def _keeps_pace(short: Grid, long: Grid) -> bool:
    """Whether timestamps run as fast as the audio."""
    slope = _pace(short, long)
    if len(short.times_ms) == len(long.times_ms) == 1:
        # A hop above three seconds stays where it is; one for the whole sound is at its middle.
        first = float(short.times_ms[0])
        return 0 <= first <= short.duration_ms and (slope == 0 or 0.4 <= slope <= 1.1)
    hop = _interval(long)
    # Both last timestamps lie up to a hop before the end, or before a fixed distance from it.
    return abs(slope - 1) <= _PACE + abs(hop) / (long.duration_ms - short.duration_ms)


def _stops_later(grids: list[Grid]) -> bool:
    """Whether timestamps are in the right unit, and stop growing: that audio is lost is found
    later.
    """
    one, three, *_ = grids
    later = [_pace(*two) for two in pairwise(grids[1:])]
    if _keeps_pace(one, three):
        return all(pace < _STOPPED for pace in later)
    # From a second on they do not grow at all, since they already fill it.
    stopped = all(abs(pace) <= _PACE for pace in later)
    filled = float(np.ptp(one.times_ms)) + _interval(one)
    interval = _interval(three) / one.duration_ms
    is_full = len(one.times_ms) > 1 and abs(filled / one.duration_ms - 1) <= _PACE + interval
    return is_full and stopped and _pace(one, three) >= 0


def _interval(grid: Grid) -> float:
    return float(np.diff(grid.times_ms).mean()) if len(grid.times_ms) > 1 else 0.0


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
