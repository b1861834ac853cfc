import math

import pytest

from hearkit.errors import UsageError
from hearkit.evaluation.training.grid import points
from hearkit.evaluation.training.protocol import (
    Division,
    Monitor,
    batches,
    divisions,
    lone_row_warnings,
)

from ..made import metadata


def test_fold_i_is_the_test_and_the_next_one_the_validation() -> None:
    found = divisions(metadata(splits=("fold02", "fold00", "fold03", "fold01")))
    assert found == (
        Division(("fold02", "fold03"), "fold01", "fold00"),
        Division(("fold00", "fold03"), "fold02", "fold01"),
        Division(("fold00", "fold01"), "fold03", "fold02"),
        Division(("fold01", "fold02"), "fold00", "fold03"),
    )


def test_train_valid_and_test_are_one_division() -> None:
    assert divisions(metadata("event")) == (Division(("train",), "valid", "test"),)


def test_two_folds_are_too_few() -> None:
    with pytest.raises(UsageError, match="has the folds fold00, fold01; cross-validation needs"):
        divisions(metadata(splits=("fold00", "fold01")))


def test_batches_keep_their_order_and_the_smaller_last_one() -> None:
    assert list(batches(10, 4, normalised=True)) == [slice(0, 4), slice(4, 8), slice(8, 10)]
    assert list(batches(8, 4, normalised=True)) == [slice(0, 4), slice(4, 8)]


def test_a_last_batch_of_one_row_joins_the_one_before_under_batch_normalisation() -> None:
    assert list(batches(9, 4, normalised=True)) == [slice(0, 4), slice(4, 9)]
    assert list(batches(9, 4, normalised=False)) == [slice(0, 4), slice(4, 8), slice(8, 9)]


def test_what_was_done_with_a_last_batch_of_one_row_is_said_with_numbers() -> None:
    tried = points(metadata(param_grid={}), "default", 8, 42)
    division = Division(("train",), "valid", "test")
    (told,) = lone_row_warnings(2049, tried, division)
    assert told.startswith("test: 2049 rows for training leave one row for the last batch of 1024")
    assert not list(lone_row_warnings(2050, tried, division))
    with pytest.raises(UsageError, match=r"^test: there is one row for training"):
        list(lone_row_warnings(1, tried, division))


@pytest.mark.parametrize("sign", [1, -1])
def test_training_ends_after_patience_validations_without_a_strict_improvement(sign: int) -> None:
    monitor = Monitor(maximize=sign > 0, patience=3)
    kept = []
    for epoch, figure in enumerate((0.1, 0.5, 0.5, 0.4, 0.5)):
        kept.append(monitor.see(sign * figure, epoch))
        assert monitor.stopped == (epoch == 4)
    assert kept == [True, True, False, False, False]
    assert (monitor.best, monitor.epoch) == (sign * 0.5, 1)


@pytest.mark.parametrize(
    ("figures", "best", "epoch"),
    [
        ((math.nan,), -math.inf, 0),
        ((0.3, math.nan), 0.3, 0),
        ((0.3, math.inf), math.inf, 1),
        ((0.3, -math.inf), 0.3, 0),
    ],
)
def test_a_figure_that_is_not_finite_ends_the_training(
    figures: tuple[float, ...], best: float, epoch: int
) -> None:
    monitor = Monitor(maximize=True, patience=20)
    for n, figure in enumerate(figures):
        assert not monitor.stopped
        monitor.see(figure, n)
    assert monitor.stopped
    assert (monitor.best, monitor.epoch) == (best, epoch)
