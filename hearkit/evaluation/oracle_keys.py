"""The keys and values that heareval writes into `test.predicted-scores.json`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .outcome import TestScores
from .tasks.metadata import LOWER_IS_BETTER
from .tasks.task import Metadata

_HPARAMS = {
    "embedding_norm": "<class 'torch.nn.modules.linear.Identity'>",
    "hidden_norm": "<class 'torch.nn.modules.batchnorm.BatchNorm1d'>",
    "norm_after_activation": False,
    "optim": "<class 'torch.optim.adam.Adam'>",
}
"""What the oracle writes of hyperparameters that no grid varies."""


def of(tests: Sequence[TestScores], metadata: Metadata, folder: Path) -> dict[str, Any]:
    """The oracle's keys and values.

    Args:
        tests: Test scores of one seed.
        metadata: Metadata of the task.
        folder: Folder of the result.
    """
    content: dict[str, Any] = {test.split: dict(test.values) for test in tests}
    if len(tests) > 1:
        content["aggregated_scores"] = _aggregated([test.values for test in tests])
    first = tests[0]
    point = dict(first.point)
    if "initialization" in point:
        point["initialization"] = f"<function xavier_{point['initialization']}_>"
        point |= _HPARAMS
    maximize = (
        metadata.use_scoring_for_early_stopping and metadata.evaluation[0] not in LOWER_IS_BETTER
    )
    content |= {
        "hparams": {name: point[name] for name in sorted(point)},
        "postprocessing": [list(pair) for pair in sorted((first.postprocessing or {}).items())],
        "score_mode": "max" if maximize else "min",
        "embedding_path": str(folder),
    }
    return content


def _aggregated(values: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean and standard deviation over the folds."""
    found: dict[str, float] = {}
    for name in values[0]:
        numbers = [one.get(name, math.nan) for one in values]
        found[f"{name}_mean"] = mean(numbers)
        kept = _numbers(numbers)
        found[f"{name}_std"] = float(kept.std(ddof=1)) if len(kept) > 1 else math.nan
    return found


def mean(values: Sequence[float]) -> float:
    """The mean as pandas gives it: NaN is left out."""
    kept = _numbers(values)
    return float(kept.mean()) if len(kept) else math.nan


def _numbers(values: Sequence[float]) -> NDArray[np.float64]:
    numbers = np.asarray(values, np.float64)
    return np.asarray(numbers[~np.isnan(numbers)])
