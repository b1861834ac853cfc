import itertools
import random

import pytest

from hearkit.errors import UsageError
from hearkit.evaluation.training.grid import GRIDS, points

from ..made import metadata

DEFAULT_EIGHT = [
    (1, "normal", 1e-4),
    (2, "uniform", 1e-3),
    (1, "normal", 1e-3),
    (1, "normal", 3.2e-4),
    (2, "normal", 3.2e-4),
    (2, "uniform", 3.2e-4),
    (2, "normal", 3.2e-3),
    (2, "uniform", 3.2e-3),
]
"""HEAR_EVAL, section 3; seen in a run of the oracle."""


def test_the_default_eight_points_are_the_oracles_in_its_order() -> None:
    found = points(metadata(param_grid={}), "default", 8, seed=42)
    assert [(one.hidden_layers, one.initialization, one.lr) for one in found] == DEFAULT_EIGHT
    assert {(one.hidden_dim, one.batch_size, one.dropout) for one in found} == {(1024, 1024, 0.1)}
    assert {(one.patience, one.max_epochs) for one in found} == {(20, 500)}
    assert {one.check_val_every_n_epoch for one in found} == {3}


@pytest.mark.parametrize("grid", GRIDS)
def test_all_points_of_a_grid_are_tried_once(grid: str) -> None:
    found = points(metadata(param_grid={}), grid, 1000, seed=1)
    values = GRIDS[grid]
    assert len(found) == len(set(found)) == len(list(itertools.product(*values.values())))
    for name, allowed in values.items():
        assert {getattr(one, name) for one in found} == set(allowed)


def test_the_global_generator_is_left_alone() -> None:
    random.seed(7)
    state = random.getstate()
    points(metadata(), "default", 8, seed=42)
    assert random.getstate() == state


def test_dcase_is_validated_every_ten_epochs_and_a_tasks_own_values_override() -> None:
    dcase = points(metadata(task_name="dcase2016_task2", param_grid={}), "default", 2, 42)
    assert {one.check_val_every_n_epoch for one in dcase} == {10}
    own = {"check_val_every_n_epoch": (1,), "max_epochs": (50,)}
    assert {
        (one.check_val_every_n_epoch, one.max_epochs)
        for one in points(metadata(task_name="dcase2016_task2", param_grid=own), "default", 2, 42)
    } == {(1, 50)}


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"weight_decay": (0.1,)}, "weight_decay: is none of batch_size"),
        ({"lr": ()}, "lr: has no value to try"),
        ({"lr": (0,)}, "lr: no head can have the value 0"),
        ({"hidden_layers": (1.5,)}, "hidden_layers: no head can have the value 1.5"),
        ({"max_epochs": (True,)}, "max_epochs: no head can have the value True"),
        ({"initialization": ("xavier",)}, "initialization: no head can have the value 'xavier'"),
        ({"dropout": (1.0,)}, "dropout: no head can have the value 1.0"),
        ({"batch_size": (1,)}, "batch_size: no head can have the value 1"),
    ],
)
def test_values_that_no_head_can_have_are_refused(own: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=f"^made_multiclass: task_specific_param_grid: {told}"):
        points(metadata(param_grid=own), "default", 8, 42)


def test_a_grid_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^--grid slow: is none of default, fast, faster$"):
        points(metadata(), "slow", 8, 42)
    with pytest.raises(UsageError, match=r"^--grid-points 0: must be 1 or more$"):
        points(metadata(), "fast", 0, 42)
