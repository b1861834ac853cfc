"""Scores of labels: probabilities of rows compared with targets.

All take probabilities and targets of shape (n_rows, n_labels) and return one number. The figures
are scikit-learn's to the last bit: the same operations in the same order, without its checks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float32]
Targets = NDArray[np.uint8]


def accuracy(probabilities: Probabilities, targets: Targets) -> float:
    """Fraction of rows whose most probable label is the true one; the first of equal ones."""
    hits = probabilities.argmax(axis=1) == targets.argmax(axis=1)
    return int(hits.sum()) / len(targets)


def chroma_accuracy(probabilities: Probabilities, targets: Targets) -> float:
    """The same for pitches without their octave: labels modulo 12."""
    hits = probabilities.argmax(axis=1) % 12 == targets.argmax(axis=1) % 12
    return int(hits.sum()) / len(targets)


def mean_average_precision(probabilities: Probabilities, targets: Targets) -> float:
    """Mean over labels of the average precision; 0 for a label without positives."""
    precisions = np.zeros(targets.shape[1])
    for label, (true, false) in enumerate(_curves(probabilities, targets)):
        precision = (true / (true + false))[::-1]
        recall = np.append((true / true[-1] if true[-1] else np.ones_like(true))[::-1], 0.0)
        precisions[label] = max(0.0, -np.sum(np.diff(recall) * precision))
    return float(np.average(precisions))


def area_under_roc(probabilities: Probabilities, targets: Targets) -> float:
    """Mean over labels of the area under the ROC curve; NaN if one of them has none."""
    return float(np.average(areas_under_roc(probabilities, targets)))


def d_prime(probabilities: Probabilities, targets: Targets) -> float:
    """Mean over labels of sqrt(2) times the normal quantile of the area under the ROC curve."""
    from scipy import stats

    areas = areas_under_roc(probabilities, targets)
    with np.errstate(invalid="ignore"):  # infinite both ways: the mean is NaN
        return float(np.mean(stats.norm().ppf(areas) * np.sqrt(2.0)))


def areas_under_roc(probabilities: Probabilities, targets: Targets) -> NDArray[np.float64]:
    """The area of each label; NaN where all rows, or none, have it."""
    areas = np.full(targets.shape[1], np.nan)
    for label, (true, false) in enumerate(_curves(probabilities, targets)):
        if true[-1] <= 0 or false[-1] <= 0:
            continue
        if len(false) > 2:
            # Corners only: the sum over fewer points differs in its last bits.
            corner = (np.diff(false, 2) != 0) | (np.diff(true, 2) != 0)
            kept = np.concatenate(([True], corner, [True]))
            true, false = true[kept], false[kept]
        tpr = np.append(0.0, true) / true[-1]
        fpr = np.append(0.0, false) / false[-1]
        areas[label] = (np.diff(fpr) * (tpr[1:] + tpr[:-1]) / 2.0).sum()
    return areas


def _curves(probabilities: Probabilities, targets: Targets) -> list[tuple[Any, Any]]:
    """Counts of true and false positives at falling thresholds, for each label.

    Raises:
        ValueError: If a probability is not finite, as scikit-learn does.
    """
    if not np.isfinite(probabilities).all():
        raise ValueError("there is a probability that is not finite")
    order = np.argsort(-probabilities, axis=0, kind="stable")
    falling = np.take_along_axis(probabilities, order, axis=0).T
    positives = np.cumsum(np.take_along_axis(targets, order, axis=0).T, axis=1, dtype=float)
    # The last of equal probabilities.
    last = np.append(np.diff(falling, axis=1) != 0, np.ones((len(falling), 1), bool), axis=1)
    curves = []
    for label in range(len(falling)):
        places = np.nonzero(last[label])[0]
        true = positives[label, places]
        curves.append((true, 1 + places.astype(float) - true))
    return curves
