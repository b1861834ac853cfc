"""The experiment behind the centring checks: bursts at known times in a quiet recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..measure import Response, response
from ..session import Session
from ..stimuli import Stimulus, bursts, recorded

LENGTH_S = 30.0
"""Long enough that a hop rounded to whole samples drifts by 13 ms (25 ms at 44100 Hz)."""

_SPACING_S = 2.0
_REACH_MS = 950.0
_QUIET = 0.002
"""Level of the recording under the bursts, which peak at 0.5."""

_GROUP = 6
"""Bursts at the beginning, and as many at the end at the same phases of the hop."""


@dataclass(frozen=True)
class Experiment:
    """What happened to the embeddings when bursts were added.

    Attributes:
        quiet: The recording without bursts.
        loud: The recording with bursts.
        bursts_ms: When the bursts were, shape (2 * n,): the first half near the beginning.
        times_ms: Timestamps, shape (n_timestamps,).
        change: Distance that each embedding moved, shape (n_timestamps,).
        beginning: The response to the first bursts.
        end: The response to the last bursts.
    """

    quiet: Stimulus
    loud: Stimulus
    bursts_ms: NDArray[np.float64]
    times_ms: NDArray[np.float64]
    change: NDArray[np.float64]
    beginning: Response
    end: Response


def experiment(session: Session, hop_ms: float) -> Experiment:
    """Run it; the session answers its two questions from memory the second time."""
    rate, n_samples = session.sample_rate, session.samples(LENGTH_S)
    quiet = _quiet(rate, n_samples)
    times_s = _burst_times(hop_ms or 50.0)
    loud = quiet.plus(bursts(n_samples, rate, times_s, session.seed))
    before, stamps = session.timestamps(quiet)
    after, _ = session.timestamps(loud)
    change = np.linalg.norm(np.asarray(after[0], np.float64) - before[0], axis=1)
    times_ms = np.asarray(stamps[0], np.float64)
    bursts_ms = 1000 * np.array(times_s)
    return Experiment(
        quiet,
        loud,
        bursts_ms,
        times_ms,
        change,
        response(times_ms, change, bursts_ms[:_GROUP], _REACH_MS),
        response(times_ms, change, bursts_ms[_GROUP:], _REACH_MS),
    )


def _quiet(rate: int, n_samples: int) -> Stimulus:
    """Speech at a low level, the same two seconds throughout, so that every burst meets alike."""
    period = round(_SPACING_S * rate)
    speech = recorded(rate, period).pick(-1)
    repeats = -(-n_samples // period)
    return Stimulus(
        "a quiet recording",
        f"{_QUIET} * np.tile({speech.code}, (1, {repeats}))[:, :{n_samples}]",
        (_QUIET * np.tile(speech.audio, (1, repeats))[:, :n_samples]).astype(np.float32),
    )


def _burst_times(hop_ms: float) -> tuple[float, ...]:
    """Seconds: two groups, a whole number of hops apart, that sample all phases of the hop."""
    hop_s = hop_ms / 1000
    first = [1.0 + _SPACING_S * n + hop_s * n / _GROUP for n in range(_GROUP)]
    span = LENGTH_S - 1.0 - first[-1]
    later = hop_s * int(span / hop_s)
    return tuple(round(t, 6) for t in (*first, *(t + later for t in first)))
