"""What both engines keep to: which splits a head sees, and when its training ends."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...errors import UsageError
from ..tasks.task import Metadata
from .grid import Point


@dataclass(frozen=True)
class Division:
    """The splits that one head is trained, validated and tested on.

    Attributes:
        train: Names of the splits for training; their rows are concatenated in this order.
        valid: Name of the split for validation.
        test: Name of the split for the test.
    """

    train: tuple[str, ...]
    valid: str
    test: str


def divisions(metadata: Metadata) -> tuple[Division, ...]:
    """All divisions of a task's splits; the grid is searched on the first.

    With folds, fold i is the test, the next one the validation, and the others are for training,
    in sorted order.

    Raises:
        UsageError: If there are fewer than three folds: one each for training, validation, test.
    """
    if metadata.split_mode == "trainvaltest":
        return (Division(("train",), "valid", "test"),)
    folds = sorted(metadata.splits)
    if len(folds) < 3 or len(set(folds)) < len(folds):
        raise UsageError(
            f"{metadata.task_name}: has the folds {', '.join(folds) or 'none'}; cross-validation "
            "needs three different ones at least"
        )
    found = []
    for n, test in enumerate(folds):
        valid = folds[(n + 1) % len(folds)]
        train = tuple(fold for fold in folds if fold not in (test, valid))
        found.append(Division(train, valid, test))
    return tuple(found)


def batches(n_rows: int, size: int, *, normalised: bool) -> Iterator[slice]:
    """The rows of each batch of an epoch: in fixed order, the last, smaller batch kept.

    Args:
        n_rows: Number of rows.
        size: Rows in a batch.
        normalised: Whether the head has batch normalisation, which cannot be trained with one
            row. The oracle stops with an error there; here the row joins the batch before.
    """
    start = 0
    while start < n_rows:
        stop = min(start + size, n_rows)
        if normalised and n_rows - stop == 1:
            stop = n_rows
        yield slice(start, stop)
        start = stop


def lone_row_warnings(n_rows: int, tried: Sequence[Point], division: Division) -> Iterator[str]:
    """What is said where the last training batch would have one row.

    Raises:
        UsageError: If there is one row in all.
    """
    for size in dict.fromkeys(point.batch_size for point in tried if point.hidden_layers):
        if n_rows == 1:
            raise UsageError(
                f"{division.test}: there is one row for training; batch normalisation needs two"
            )
        if n_rows % size == 1:
            yield (
                f"{division.test}: {n_rows} rows for training leave one row for the last batch of "
                f"{size}, with which heareval stops; here it joins the batch before, so that no "
                "figure of heareval exists to compare with"
            )


def never_validated(task: str, point: Point) -> UsageError:
    """A head that is never validated has no score; the oracle stops there, too."""
    return UsageError(
        f"{task}: heads are trained for {point.max_epochs} epochs and validated every "
        f"{point.check_val_every_n_epoch}: never; change max_epochs or check_val_every_n_epoch"
    )


class Monitor:
    """Follows the monitored figure of a head and says when its training ends.

    It is the oracle's `EarlyStopping` and `ModelCheckpoint`: only a strict improvement counts, so
    the earliest best epoch is kept; a figure that is not finite stops the training at once. NaN is
    kept as the worst of figures, and only if it is the first.

    Attributes:
        best: The best figure; None before the first validation.
        epoch: Its epoch, counted from 0.
        stopped: Whether the training ends.

    Examples:
        >>> monitor = Monitor(maximize=True, patience=2)
        >>> [monitor.see(score, epoch) for epoch, score in enumerate((0.5, 0.7, 0.7, 0.6))]
        [True, True, False, False]
        >>> monitor.best, monitor.epoch, monitor.stopped
        (0.7, 1, True)
    """

    def __init__(self, *, maximize: bool, patience: int) -> None:
        self.best: float | None = None
        self.epoch = -1
        self.stopped = False
        self._maximize = maximize
        self._patience = patience
        self._waited = 0

    def see(self, figure: float, epoch: int) -> bool:
        """Take a validation's figure; True if the head is the best so far and is to be kept."""
        worst = -math.inf if self._maximize else math.inf
        improved = self._is_better(figure, worst if self.best is None else self.best)
        if not math.isfinite(figure):
            self.stopped = True
        elif improved:
            self._waited = 0
        else:
            self._waited += 1
            self.stopped = self._waited >= self._patience
        if not improved and self.best is not None:
            return False
        self.best = worst if math.isnan(figure) else figure
        self.epoch = epoch
        return True

    def _is_better(self, figure: float, than: float) -> bool:
        return figure > than if self._maximize else figure < than
