"""The linear probe: how much of a task a straight line through the embeddings solves.

Five folds that keep groups together, features standardised by the training folds, logistic
regression with one fixed penalty. Nothing is tuned, neither for a task nor for a model.

Where clips have several labels, few classes occur in every fold, and the mean over folds is of
those that do: noise then scores above the prevalence. Hence the pooled figure next to it, over all
classes, for which the scores of the five folds are ranked together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.probe.clips import ProbeError, Task, write_arrays

FOLDS = 5
C = 1.0
"""Inverse strength of the penalty: scikit-learn's default."""

MAX_ITER = 5000
"""Steps of L-BFGS, at most; a few hundred are needed."""

RESAMPLES = 400
"""Of the groups, for an interval."""

ROTATED = 512
"""Features from which on finding their rank takes less time than it saves."""

NEGLIGIBLE = 1e-10
"""Share of the greatest variance below which a direction is rounding."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Array = NDArray[Any]


@dataclass(frozen=True)
class Score:
    """A probe's result: accuracy, or mean average precision over classes.

    Attributes:
        folds: Of each fold.
        pooled: Of all clips together, each judged by the model that was not trained on it.
        interval: Of 95 % around `pooled`, by bootstrap over groups.
    """

    folds: tuple[float, ...]
    pooled: float
    interval: tuple[float, float]

    @property
    def mean(self) -> float:
        """Over folds."""
        return float(np.mean(self.folds))

    @property
    def std(self) -> float:
        """Standard deviation over folds."""
        return float(np.std(self.folds))


def score(task: Task, features: ArrayLike) -> Score:
    """Probe features.

    Args:
        task: For its labels and groups.
        features: Shape (n_clips, size).

    Raises:
        ProbeError: If the features are not one finite vector for each clip, or there are too few
            groups.
    """
    from threadpoolctl import threadpool_limits

    x = np.asarray(features, np.float64)
    if x.ndim != 2 or len(x) != len(task.labels):
        raise ProbeError(
            f"{task.name}: features must have the shape ({len(task.labels)}, size), not {x.shape}"
        )
    if not np.isfinite(x).all():
        raise ProbeError(f"{task.name}: features hold NaN or infinity")
    targets = _targets(task)
    judge = _scores if task.multilabel else _classes
    # Threads wait for each other longer than such small products take.
    with threadpool_limits(1):
        return _measured(task, [judge(*_prepare(x[a], x[b]), targets[a]) for a, b in splits(task)])


def kept_score(task: Task, features: NDArray[np.float32], cache: Path | None) -> Score:
    """`score`, from the cache where the same features of the same task were probed before.

    Args:
        task: See `score`.
        features: See `score`.
        cache: A folder, if any.
    """
    if cache is None:
        return score(task, features)
    sha = hashlib.sha256(Path(__file__).read_bytes())
    sha.update(repr((version("scikit-learn"), features.shape, features.dtype.str)).encode())
    sha.update(repr((task.labels, task.groups, task.multilabel)).encode())
    sha.update(np.ascontiguousarray(features).tobytes())
    kept = cache / f"score-{sha.hexdigest()[:20]}.npz"
    if kept.is_file():
        with np.load(kept) as held:
            low, high = held["interval"].tolist()
            return Score(tuple(held["folds"].tolist()), float(held["pooled"]), (low, high))
    found = score(task, features)
    write_arrays(
        kept,
        folds=np.array(found.folds),
        pooled=np.array(found.pooled),
        interval=np.array(found.interval),
    )
    return found


def floor(task: Task) -> Score:
    """What hearing nothing gets: the commonest class's share, or the classes' prevalence."""
    targets = _targets(task)
    if task.multilabel:
        return _measured(task, [np.zeros(targets[test].shape) for _, test in splits(task)])
    names, counts = np.unique(targets, return_counts=True)
    return _measured(task, [np.full(len(test), names[counts.argmax()]) for _, test in splits(task)])


def splits(task: Task) -> Iterator[tuple[Indices, Indices]]:
    """The clips to train and to test on, for each fold; no group is on both sides.

    Raises:
        ProbeError: If there are fewer groups than folds.
    """
    from sklearn.model_selection import GroupKFold

    n_groups = len(set(task.groups))
    if n_groups < FOLDS:
        raise ProbeError(f"{task.name}: has {n_groups} groups; {FOLDS} folds need as many")
    yield from GroupKFold(FOLDS).split(task.labels, groups=task.groups)


def indicators(labels: list[str]) -> NDArray[np.bool_]:
    """Which classes a clip has, shape (n_clips, n_classes), classes in sorted order."""
    sets = [set(label.split()) for label in labels]
    classes = sorted(set.union(*sets))
    return np.array([[name in held for name in classes] for held in sets])


def mean_average_precision(truth: NDArray[np.bool_], scores: Floats) -> float:
    """Mean over the classes that occur: without a clip to find, precision is undefined.

    Args:
        truth: Shape (n_clips, n_classes).
        scores: Of the same shape, higher for likelier.
    """
    from sklearn.metrics import average_precision_score

    occurring = np.flatnonzero(truth.any(axis=0))
    return float(np.mean([average_precision_score(truth[:, k], scores[:, k]) for k in occurring]))


def _targets(task: Task) -> Array:
    return indicators(task.labels) if task.multilabel else np.array(task.labels)


def _measured(task: Task, judged: list[Array]) -> Score:
    """The metric of each fold's judgements, and of all together."""
    tests = [test for _, test in splits(task)]
    targets = _targets(task)

    def metric(truth: Array, judgements: Array) -> float:
        if task.multilabel:
            return mean_average_precision(truth, judgements)
        return float((truth == judgements).mean())

    tested, judgements = np.concatenate(tests), np.concatenate(judged)
    return Score(
        tuple(metric(targets[test], fold) for test, fold in zip(tests, judged, strict=True)),
        metric(targets[tested], judgements),
        _interval(np.array(task.groups)[tested], targets[tested], judgements, metric),
    )


def _interval(
    groups: Array, targets: Array, judgements: Array, metric: Callable[[Array, Array], float]
) -> tuple[float, float]:
    """The middle 95 % of the metric on groups drawn with replacement.

    Clips of a group are alike, so that drawing single clips would make too narrow an interval.
    """
    generator = np.random.default_rng(0)
    names, numbers = np.unique(groups, return_inverse=True)
    members = np.split(np.argsort(numbers, kind="stable"), np.cumsum(np.bincount(numbers))[:-1])
    found = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate(
            [members[k] for k in generator.integers(len(names), size=len(names))]
        )
        found.append(metric(targets[drawn], judgements[drawn]))
    low, high = np.percentile(found, [2.5, 97.5]).tolist()
    return low, high


def _prepare(train: Floats, test: Floats) -> tuple[Floats, Floats]:
    """Standardise by the training clips, and drop the directions in which none of them lies.

    A penalised model is the same in any rotated space and ignores what training never varied. The
    mel baseline's 4096 numbers have a rank of 256 at most.
    """
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train)
    train, test = scaler.transform(train), scaler.transform(test)
    if train.shape[1] <= ROTATED:
        return train, test
    # Eigenvectors of the smaller of the two products: the right singular vectors of `train`.
    wide = train.shape[1] > len(train)
    values, vectors = np.linalg.eigh(train @ train.T if wide else train.T @ train)
    kept = values > values[-1] * NEGLIGIBLE
    axes = vectors[:, kept]
    if wide:
        axes = train.T @ axes / np.sqrt(values[kept])
    return train @ axes, test @ axes


def _regression() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=C, max_iter=MAX_ITER)


def _classes(x_train: Floats, x_test: Floats, y_train: Array) -> Array:
    """The likeliest class of each clip."""
    if len(set(y_train)) == 1:
        return np.full(len(x_test), y_train[0])
    predicted: Array = _regression().fit(x_train, y_train).predict(x_test)
    return predicted


def _scores(x_train: Floats, x_test: Floats, y_train: Array) -> Array:
    """Each class's score, from one regression for each against the rest."""
    scores = np.zeros((len(x_test), y_train.shape[1]))
    for k, held in enumerate(y_train.T):
        # What none, or all, of the training clips have cannot be learned: all scores stay equal.
        if held.any() and not held.all():
            scores[:, k] = _regression().fit(x_train, held).decision_function(x_test)
    return scores
