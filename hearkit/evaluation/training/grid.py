"""The grids of hyperparameters, and which points of them are tried in which order."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ...errors import UsageError
from ..tasks.task import Metadata

INITIALIZATIONS = ("uniform", "normal")
"""Names of the oracle's two initialisations, Xavier's."""

_DEFAULT: dict[str, tuple[Any, ...]] = {
    "batch_size": (1024,),
    "check_val_every_n_epoch": (3,),
    "dropout": (0.1,),
    "hidden_dim": (1024,),
    "hidden_layers": (1, 2),
    "initialization": INITIALIZATIONS,
    "lr": (3.2e-3, 1e-3, 3.2e-4, 1e-4),
    "max_epochs": (500,),
    "patience": (20,),
}

GRIDS: dict[str, dict[str, tuple[Any, ...]]] = {
    "default": _DEFAULT,
    "fast": _DEFAULT | {"max_epochs": (10, 50), "check_val_every_n_epoch": (3, 10)},
    "faster": _DEFAULT
    | {
        "hidden_layers": (0, 1),
        "hidden_dim": (64, 128),
        "patience": (1, 3),
        "max_epochs": (10,),
        "check_val_every_n_epoch": (1,),
    },
}
"""Values to try, by the name of the grid and of the hyperparameter."""

_OF_TASKS: dict[str, dict[str, tuple[Any, ...]]] = {
    "dcase2016_task2": {"check_val_every_n_epoch": (10,)},
}
"""What the oracle overrides for single tasks: scoring with sed_eval is slow."""

_WHOLE = ("batch_size", "check_val_every_n_epoch", "hidden_dim", "max_epochs", "patience")
"""Hyperparameters that are whole numbers of 1 or more."""


@dataclass(frozen=True, order=True)
class Point:
    """Hyperparameters of one head.

    Attributes:
        hidden_layers: Number of hidden layers; 0 is a linear head.
        hidden_dim: Units of a hidden layer.
        dropout: Probability of a unit to be left out in training.
        initialization: Distribution of the first weights, `uniform` or `normal`.
        lr: Learning rate.
        batch_size: Rows in a batch.
        max_epochs: Epochs at most.
        check_val_every_n_epoch: Epochs from one validation to the next.
        patience: Validations without an improvement after which training stops.
    """

    hidden_layers: int
    hidden_dim: int
    dropout: float
    initialization: str
    lr: float
    batch_size: int
    max_epochs: int
    check_val_every_n_epoch: int
    patience: int

    def as_dict(self) -> dict[str, Any]:
        """The hyperparameters by name."""
        return asdict(self)

    def in_words(self) -> str:
        """What differs from point to point in the default grid."""
        layers = f"{self.hidden_layers} layer{'' if self.hidden_layers == 1 else 's'}"
        return f"{layers}, {self.initialization}, lr {self.lr:g}"


def points(metadata: Metadata, grid: str, count: int, seed: int) -> list[Point]:
    """The points to try, in the oracle's order.

    Keys are sorted and the last varies fastest, as in scikit-learn's `ParameterGrid`; then
    `random.shuffle` of the seeded generator, and the first `count`.

    Args:
        metadata: Metadata of the task, whose own values override the grid's.
        grid: Name of the grid.
        count: Number of points.
        seed: Seed of the evaluation.

    Raises:
        UsageError: If the grid, or a value of the task's, is none that a head can have.
    """
    if grid not in GRIDS:
        raise UsageError(f"--grid {grid}: is none of {', '.join(GRIDS)}")
    if count < 1:
        raise UsageError(f"--grid-points {count}: must be 1 or more")
    values = GRIDS[grid] | _OF_TASKS.get(metadata.task_name, {}) | _own_values(metadata)
    names = sorted(values)
    combinations = list(itertools.product(*(values[name] for name in names)))
    random.Random(seed).shuffle(combinations)
    return [Point(**dict(zip(names, chosen, strict=True))) for chosen in combinations[:count]]


def _own_values(metadata: Metadata) -> dict[str, tuple[Any, ...]]:
    """The task's own values, checked; they come from a file that anybody may have written."""
    own: Mapping[str, tuple[Any, ...]] = metadata.param_grid
    for name, chosen in own.items():
        where = f"{metadata.task_name}: task_specific_param_grid: {name}"
        if name not in _DEFAULT:
            raise UsageError(f"{where}: is none of {', '.join(_DEFAULT)}")
        if not chosen:
            raise UsageError(f"{where}: has no value to try")
        for value in chosen:
            if not _is_allowed(name, value):
                raise UsageError(f"{where}: no head can have the value {value!r}")
    return dict(own)


def _is_allowed(name: str, value: object) -> bool:
    if name == "initialization":
        return value in INITIALIZATIONS
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if name in _WHOLE:
        # Batch normalisation cannot be trained with batches of one row.
        return isinstance(value, int) and value >= (2 if name == "batch_size" else 1)
    if name == "hidden_layers":
        return isinstance(value, int) and value >= 0
    if name == "dropout":
        return 0 <= value < 1
    return value > 0
