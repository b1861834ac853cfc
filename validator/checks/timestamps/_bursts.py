"""The experiment behind the centring checks: bursts at known times in a quiet recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearkit.errors import Fault

from ...asking.answers import CallFault
from ...asking.measure import Response, response
from ...asking.session import TIMESTAMP, Session
from ...asking.snippets import reproduce
from ...stimuli import Stimulus, bursts, noise, recorded

LENGTH_S = 29.987
"""Long enough that a hop rounded to whole samples drifts by 8 ms (25 ms at 44100 Hz) between
the two groups, and a multiple of no hop, so that timestamps stretched to the end show."""


_SPACING_S = 2.1


_REACH_MS = 1000.0


_QUIET = 0.002
"""Level of the recording under the bursts, which peak at 0.5."""


_GROUP = 6
"""Bursts near the beginning, and as many near the end at the same phases of the hop."""


@dataclass(frozen=True)
class Group:
    """What bursts in one part of the recording did.

    Attributes:
        bursts_ms: When they were, shape (n_bursts,).
        loud: The recording with them.
        change: Distance that each embedding moved, shape (n_timestamps,).
        response: Where that was, relative to the bursts.
    """

    bursts_ms: NDArray[np.float64]
    loud: Stimulus
    change: NDArray[np.float64]
    response: Response


@dataclass(frozen=True)
class Experiment:
    """What happened to the embeddings when bursts were added.

    Attributes:
        quiet: The recording without bursts.
        embeddings: Its embeddings, shape (n_timestamps, size).
        times_ms: Timestamps, shape (n_timestamps,).
        beginning: What bursts near the beginning did.
        end: What bursts near the end did.
    """

    quiet: Stimulus
    embeddings: NDArray[np.float64]
    times_ms: NDArray[np.float64]
    beginning: Group
    end: Group

    @property
    def groups(self) -> tuple[Group, Group]:
        """Both groups of bursts."""
        return self.beginning, self.end

    @property
    def apart_ms(self) -> float:
        """How much later the second group is."""
        return float(self.end.bursts_ms[0] - self.beginning.bursts_ms[0])


def experiment(session: Session, hop_ms: float) -> Experiment:
    """Run it; the session answers its questions from memory the second time.

    Args:
        session: The submission.
        hop_ms: Its hop, whose phases the bursts sample; 0 if it has only one timestamp.
    """
    first, last, later = _burst_times(hop_ms or 50.0)
    quiet = _quiet(session, session.samples(later))
    before, times_ms = _embedded(session, quiet)

    def group(times_s: tuple[float, ...]) -> Group:
        loud = quiet.plus(bursts(quiet.n_samples, session.sample_rate, times_s, session.seed))
        after, _ = _embedded(session, loud, len(before))
        change = np.linalg.norm(after - before, axis=1)
        bursts_ms = 1000 * np.array(times_s)
        return Group(bursts_ms, loud, change, response(times_ms, change, bursts_ms, _REACH_MS))

    return Experiment(quiet, before, times_ms, group(first), group(last))


def _embedded(
    session: Session, stimulus: Stimulus, count: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Embeddings (n_timestamps, size) and timestamps in ms of a stimulus of one sound.

    Raises:
        Fault: If some are not finite, or not as many as there should be.
    """
    batches = session.timestamps(stimulus)
    embeddings, times_ms = (np.asarray(batch[0], np.float64) for batch in batches)
    problem = ""
    if not (np.isfinite(embeddings).all() and np.isfinite(times_ms).all()):
        problem = "returned numbers that are not finite"
    elif count and len(times_ms) != count:
        problem = f"returned {len(times_ms)} timestamps, but {count} for other audio as long"
    if problem:
        raise CallFault(
            Fault("answer", problem, f"{TIMESTAMP}({stimulus.name})"),
            reproduce("print(timestamps(audio, model))", audio=stimulus),
        )
    return embeddings, times_ms


def _quiet(session: Session, period: int) -> Stimulus:
    """Speech at a low level and a loud second; both groups of bursts meet the same speech.

    The loud second in the middle keeps whatever is taken from the whole sound (its peak, its
    level, the deviation of a feature over time) from changing with the bursts.
    """
    rate, n_samples = session.sample_rate, session.samples(LENGTH_S)
    speech = recorded(rate, period).pick(-1)
    quiet = Stimulus(
        "quiet speech",
        f"np.resize({_QUIET} * {speech.code}, (1, {n_samples}))",
        np.resize((_QUIET * speech.audio).astype(np.float32), (1, n_samples)),
    )
    loud = noise(1, rate, session.seed, level=0.25)
    begin = (n_samples - rate) // 2
    around = ((0, 0), (begin, n_samples - rate - begin))
    return quiet.plus(
        Stimulus("a loud second", f"np.pad({loud.code}, {around})", np.pad(loud.audio, around))
    )


def _burst_times(hop_ms: float) -> tuple[tuple[float, ...], tuple[float, ...], float]:
    """Seconds: two groups that sample all phases of the hop, and how much later the second is.

    That is a whole number of hops, so that both groups sample the same phases.
    """
    hop_s = hop_ms / 1000
    first = [1.0 + _SPACING_S * n + hop_s * n / _GROUP for n in range(_GROUP)]
    span = LENGTH_S - 1.0 - first[-1]
    later = hop_s * int(span / hop_s)
    last = tuple(round(t + later, 6) for t in first)
    return tuple(round(t, 6) for t in first), last, later
