"""The experiment behind the centring checks: bursts at known times in a quiet recording."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from hearkit.errors import Fault

from ...asking.answers import CallFault
from ...asking.measure import Response, above_background, response
from ...asking.session import TIMESTAMP, Session
from ...asking.singles import Singles, singles
from ...asking.snippets import reproduce
from ...stimuli import Stimulus, bursts, noise, recorded
from ._sounds import grain_ms

LENGTH_S = 29.987
"""Long enough that a hop rounded to whole samples drifts by 8 ms (25 ms at 44100 Hz) between
the two groups, and a multiple of no hop, so that timestamps stretched to the end show."""


_FIRST_S = (1.0, 3.02, 5.58, 7.82, 10.38, 12.4)
_LAST_S = (18.21, 20.39, 22.6, 24.66, 26.7, 28.9)
"""Bursts near the beginning and their twins near the end, more than twice the reach apart, and
unevenly: models work in blocks of any length. The trains meet all phases of blocks up to 2 s,
without a gap of half a block, and a burst and its twin never have the same phases as the next
pair. Of longer blocks the reach shows too little anyway. Found by trying 60 000 pairs of trains."""


_REACH_MS = 1000.0


_QUIET = 0.002
"""Level of the recording under the bursts, which peak at 0.5."""


_PHASES = (0, 4, 2, 5, 1, 3)
"""Sixths of a hop: what each burst near the beginning, and its twin near the end, is late by. They
neither grow nor fall from burst to burst, so that no drift comes from them."""


_LONGEST_HOP_S = 0.2
"""Bursts stay in their order up to this hop."""


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
        singles: What each burst did by itself; None where too few did anything.
        grain_ms: How finely the dtype of timestamps tells them apart; 0 for float32.
        taken_out: Drift that was taken out of both responses, in ms for each ms of audio.
    """

    quiet: Stimulus
    embeddings: NDArray[np.float64]
    times_ms: NDArray[np.float64]
    beginning: Group
    end: Group
    singles: Singles | None
    grain_ms: float = 0.0
    taken_out: float = 0.0

    @property
    def groups(self) -> tuple[Group, Group]:
        """Both groups of bursts."""
        return self.beginning, self.end

    @property
    def apart_ms(self) -> float:
        """How much later the bursts of the second group are, on average."""
        return float(self.end.bursts_ms.mean() - self.beginning.bursts_ms.mean())


_DONE: WeakKeyDictionary[Session, dict[float, Experiment]] = WeakKeyDictionary()
"""Experiments by session and hop: four checks look at the same one."""


def experiment(session: Session, hop_ms: float) -> Experiment:
    """The experiment, run once.

    Args:
        session: The submission.
        hop_ms: Its hop, whose phases the bursts sample; 0 if it has only one timestamp.
    """
    done = _DONE.setdefault(session, {})
    if hop_ms not in done:
        done[hop_ms] = _run(session, hop_ms)
    return done[hop_ms]


def _run(session: Session, hop_ms: float) -> Experiment:
    first, last = _burst_times(hop_ms or 50.0)
    quiet = _quiet(session, first, last)
    before, times_ms = _embedded(session, quiet)

    def group(times_s: tuple[float, ...]) -> Group:
        loud = quiet.plus(bursts(quiet.n_samples, session.sample_rate, times_s, session.seed))
        after, _ = _embedded(session, loud, len(before))
        change = np.linalg.norm(after - before, axis=1)
        bursts_ms = 1000 * np.array(times_s)
        return Group(bursts_ms, loud, change, response(times_ms, change, bursts_ms, _REACH_MS))

    beginning, end = group(first), group(last)
    found = singles(times_ms, (_alone(beginning, times_ms), _alone(end, times_ms)), _REACH_MS)
    grain = grain_ms(session, float(times_ms.max()))
    done = Experiment(quiet, before, times_ms, beginning, end, found, grain)
    return _with_even_pace(done, hop_ms)


def _alone(
    group: Group, times_ms: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return group.bursts_ms, above_background(times_ms, group.change, group.bursts_ms, _REACH_MS)


def _with_even_pace(done: Experiment, hop_ms: float) -> Experiment:
    """The experiment with responses whose bursts can be laid over one another.

    Where timestamps run so much faster or slower than the audio that the bursts of one group
    would smear, their pace is taken out of the responses.
    """
    one = done.singles
    if one is None or one.locked:
        return done
    smear = abs(one.slope) * done.apart_ms
    if smear <= max(hop_ms, 3 * one.slope_error * done.apart_ms):
        return done
    times_ms = done.times_ms / (1 + one.slope)

    def evened(group: Group) -> Group:
        return replace(group, response=response(times_ms, group.change, group.bursts_ms, _REACH_MS))

    return replace(
        done, beginning=evened(done.beginning), end=evened(done.end), taken_out=one.slope
    )


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


def _quiet(session: Session, first: tuple[float, ...], last: tuple[float, ...]) -> Stimulus:
    """Speech at a low level and a loud second; a burst and its twin meet the same speech.

    The loud second in the middle keeps whatever is taken from the whole sound (its peak, its
    level, the deviation of a feature over time) from changing with the bursts.
    """
    rate, n_samples = session.sample_rate, session.samples(LENGTH_S)
    speech = recorded(rate, n_samples, session.seed).pick(-1)
    # From halfway between two bursts to the next halfway, speech comes as late as the twin does.
    halfway = [round((one + next_) / 2 * rate) for one, next_ in pairwise(last)]
    edges = [round((last[0] - first[0] + 0.05) * rate), *halfway, n_samples]
    late = [round((twin - one) * rate) for one, twin in zip(first, last, strict=True)]
    cuts = [(0, edges[0])]
    cuts += [(lo - by, hi - by) for (lo, hi), by in zip(pairwise(edges), late, strict=True)]
    pieces = ", ".join(f"s[:, {lo}:{hi}]" for lo, hi in cuts)
    level = (_QUIET * speech.audio).astype(np.float32)
    quiet = Stimulus(
        "quiet speech",
        f'(lambda s: np.concatenate([{pieces}], 1))(({_QUIET} * {speech.code}).astype("float32"))',
        np.concatenate([level[:, lo:hi] for lo, hi in cuts], axis=1),
    )
    loud = noise(1, rate, session.seed, level=0.25)
    begin = (n_samples - rate) // 2
    around = ((0, 0), (begin, n_samples - rate - begin))
    return quiet.plus(
        Stimulus("a loud second", f"np.pad({loud.code}, {around})", np.pad(loud.audio, around))
    )


def _burst_times(hop_ms: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Seconds of both groups, which sample all phases of the hop.

    Twins are a whole number of hops apart, so that they have the same phase.
    """
    hop_s = hop_ms / 1000
    first, last = [], []
    for n, (one, twin) in enumerate(zip(_FIRST_S, _LAST_S, strict=True)):
        if hop_s <= _LONGEST_HOP_S:
            time = hop_s * (round(one / hop_s) + _PHASES[n] / len(_PHASES))
        else:
            time = one + hop_s * n / len(_PHASES)
        first.append(round(time, 6))
        last.append(round(time + hop_s * int((twin - one) / hop_s), 6))
    return tuple(first), tuple(last)
