"""How certain a score is: intervals over seeds and over recordings, and paired differences.

The bootstrap draws the recordings of each test split anew, with replacement, and scores each draw.
Draws are weights of recordings, so that all of them are scored at once. With folds, the score of a
draw is the mean over the folds, as the score itself is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .events import EventTable
from .interval import Interval
from .predictions import Predictions
from .scores import SCORES
from .scores.events import segment_counts

_DRAWS = 1000
_SEED = 0
"""The bootstrap's own, so that intervals can be reproduced."""

_TAILS = (2.5, 97.5)
"""Percentiles between which 95 % lie."""

_HITS = {"top1_acc": 0, "pitch_acc": 0, "chroma_acc": 12}
"""Scores that are fractions of hits, with the number modulo which labels count as equal."""


@dataclass(frozen=True)
class Difference:
    """Whether two results on the same recordings can be told apart.

    Attributes:
        value: Score of the first minus that of the second.
        interval: 95 % interval of the paired bootstrap over recordings.
    """

    value: float
    interval: Interval

    @property
    def separable(self) -> bool:
        """Whether the interval excludes 0."""
        return self.interval.low > 0 or self.interval.high < 0


def over_seeds(scores: Sequence[float]) -> Interval | None:
    """Student's interval of the mean over seeds; None for a single seed or a score that is NaN."""
    from scipy import stats

    values = np.asarray(scores, float)
    if len(values) < 2 or not np.isfinite(values).all():
        return None
    mean = float(values.mean())
    half = float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
    return Interval(mean - half, mean + half, len(values))


def over_recordings(tested: Sequence[Predictions], score: str) -> Interval | None:
    """Percentiles of the bootstrap over the recordings of the test splits.

    Args:
        tested: Predictions of each seed and test split.
        score: Name of the score.

    Returns:
        The interval of the mean over seeds; None where no draw has a score.
    """
    values = _drawn(tested, score, _weights(tested))
    return _interval(values, _n_recordings(tested))


def difference(
    first: Sequence[Predictions], second: Sequence[Predictions], score: str
) -> Difference | None:
    """The paired bootstrap: both results are scored on the same draws.

    Args:
        first: Predictions of one result.
        second: Those of another; the recordings must be the same.
        score: Name of the score.

    Returns:
        The difference; None where the recordings are not the same.
    """
    if _recordings(first) != _recordings(second):
        return None
    weights = _weights(first)
    ones = {split: np.ones((1, w.shape[1]), np.float32) for split, w in weights.items()}
    value = _drawn(first, score, ones) - _drawn(second, score, ones)
    drawn = _drawn(first, score, weights) - _drawn(second, score, weights)
    interval = _interval(drawn, _n_recordings(first))
    return None if interval is None else Difference(float(value[0]), interval)


def _recordings(tested: Sequence[Predictions]) -> dict[str, tuple[str, ...]]:
    return {one.split: one.files for one in tested}


def _n_recordings(tested: Sequence[Predictions]) -> int:
    return sum(map(len, _recordings(tested).values()))


def _interval(values: NDArray[np.float64], n: int) -> Interval | None:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    low, high = np.percentile(finite, _TAILS)
    return Interval(float(low), float(high), n)


def _weights(tested: Sequence[Predictions]) -> dict[str, NDArray[np.float32]]:
    """How often each recording of each split is drawn, shape (n_draws, n_files)."""
    generator = np.random.default_rng(_SEED)
    found = {}
    for split, files in _recordings(tested).items():
        n = len(files)
        drawn = generator.multinomial(n, np.full(n, 1 / n), size=_DRAWS)
        found[split] = drawn.astype(np.float32)
    return found


def _drawn(
    tested: Sequence[Predictions], score: str, weights: Mapping[str, NDArray[np.float32]]
) -> NDArray[np.float64]:
    """The score of each draw: the mean over splits and seeds, shape (n_draws,)."""
    each = [_scored(one, score, weights[one.split]) for one in tested]
    return np.asarray(np.mean(each, axis=0), np.float64)


def _scored(one: Predictions, score: str, weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """The score of each draw on one split."""
    if SCORES[score].of_events is not None:
        return _of_events(one, score, weights)
    if score in _HITS:
        best = one.predictions.argmax(axis=1), one.targets.argmax(axis=1)
        if _HITS[score]:
            best = best[0] % _HITS[score], best[1] % _HITS[score]
        hits = (best[0] == best[1]).astype(np.float64)
        return np.asarray(weights @ hits / weights.sum(axis=1))
    each = [
        _of_label(one.predictions[:, label], one.targets[:, label], weights, score)
        for label in range(one.targets.shape[1])
    ]
    defined = np.isfinite(each)
    # A draw may leave a label without positives; the mean is over the others.
    n = np.maximum(defined.sum(axis=0), 1)
    mean = np.where(defined, each, 0.0).sum(axis=0) / n
    return np.where(defined.any(axis=0), mean, np.nan)


def _of_label(
    probabilities: NDArray[np.float32],
    targets: NDArray[np.uint8],
    weights: NDArray[np.float32],
    score: str,
) -> NDArray[np.float64]:
    """Average precision, area under the ROC curve or d' of one label, for each draw."""
    order = np.argsort(-probabilities, kind="stable")
    last = np.append(np.diff(probabilities[order]) != 0, True)
    drawn = weights[:, order].astype(np.float64)
    positive = targets[order].astype(bool)
    true = np.cumsum(drawn * positive, axis=1)[:, last]
    false = np.cumsum(drawn * ~positive, axis=1)[:, last]
    n_true, n_false = true[:, -1:], false[:, -1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = np.diff(true / n_true, axis=1, prepend=0.0)
        if score == "mAP":
            precisions = np.nan_to_num(true / (true + false))
            # The oracle counts a label without positives as 0.
            return np.asarray(np.nan_to_num((recall * precisions).sum(axis=1)))
        hits = np.concatenate([np.zeros_like(n_true), true / n_true], axis=1)
        steps = np.diff(false / n_false, axis=1, prepend=0.0)
        area = (steps * (hits[:, 1:] + hits[:, :-1]) / 2).sum(axis=1)
    if score == "aucroc":
        return np.asarray(area)
    from scipy import stats

    quantiles = stats.norm().ppf(area) * np.sqrt(2.0)
    # A draw that a label separates perfectly has no finite d'.
    return np.where(np.isfinite(quantiles), quantiles, np.nan)


def _of_events(one: Predictions, score: str, weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Event scores of each draw, from the counts of each recording, which add up."""
    assert one.predicted is not None
    assert one.reference is not None
    counts = np.array(
        [
            _counts(score, _of_file(one.predicted, file), _of_file(one.reference, file), one)
            for file in range(len(one.files))
        ],
        np.float64,
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        if score == "segment_1s_er":
            wrong, n_reference = (weights @ counts[:, :2]).T
            return np.asarray(wrong / n_reference)
        matched, n_predicted, n_reference = (weights @ counts).T
        f_measure = 2 * matched / (n_predicted + n_reference)
    # As the score itself: no predicted event at all has no precision.
    return np.where(n_predicted > 0, f_measure, np.nan)


def _counts(
    score: str, predicted: EventTable, reference: EventTable, one: Predictions
) -> tuple[float, ...]:
    if score == "segment_1s_er":
        *wrong, n_reference = segment_counts(predicted, reference, one.targets.shape[1], 1.0)
        return sum(wrong), n_reference, 0.0
    values = SCORES[score].of_events(predicted, reference, one.targets.shape[1])  # type: ignore[misc]
    recall = values["recall"] if len(reference) else 0.0
    return round(recall * len(reference)), len(predicted), len(reference)


def _of_file(events: EventTable, file: int) -> EventTable:
    kept = events.files == file
    return EventTable(
        np.zeros(int(kept.sum()), np.int64),
        events.labels[kept],
        events.starts[kept],
        events.ends[kept],
    )
