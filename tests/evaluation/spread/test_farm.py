"""Parts of evaluations on a Ray: their results and progress, processes that end, what fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from hearkit import cluster
from hearkit.errors import HearError, TaskError, UsageError
from hearkit.evaluation.data import TaskData
from hearkit.evaluation.outcome import Plan
from hearkit.evaluation.spread.farm import Farm, _Running
from hearkit.evaluation.spread.part import Order, Unseen
from hearkit.evaluation.training import exact, fused
from hearkit.evaluation.training.parts import Site
from hearkit.evaluation.training.progress import Progress, Stopped

from ..made import task
from . import steps

NEEDS = ("ray", "torch")


def on_disk(data: TaskData, folder: Path) -> TaskData:
    splits = {}
    for name, split in data.splits.items():
        split.embeddings.tofile(folder / name)
        rows = np.memmap(folder / name, np.float32, "r", shape=split.embeddings.shape)
        splits[name] = replace(split, embeddings=rows)
    return replace(data, splits=splits)


@dataclass
class Field:
    """A farm and a task on it."""

    farm: Farm
    site: Site
    lines: list[str]
    told: list[tuple[int, int, str]] = field(default_factory=list)

    def compute(self, step: Callable[..., Any], *items: str) -> list[Any]:
        return self.farm.elsewhere.where(self.site)(step, items)


@pytest.fixture
def ground(ray: Any, tmp_path: Path) -> Field:
    lines: list[str] = []
    told: list[tuple[int, int, str]] = []

    def line(text: str, _: HearError | None) -> None:
        lines.append(text)

    def tell(done: int, total: int, what: str) -> None:
        told.append((done, total, what))

    farm = Farm(ray, Path.cwd(), line)
    progress = Progress(tell, "cpu")
    return Field(farm, Site(on_disk(task(), tmp_path), Plan(), None, progress, 1), lines, told)


def test_parts_are_computed_elsewhere_from_embeddings_on_the_disk(ground: Field) -> None:
    names = ["fold02", "fold00", "fold01"]
    sums = [float(ground.site.data.splits[name].embeddings.sum()) for name in names]
    assert ground.compute(steps.row_sum, *names) == sums
    assert ground.site.progress.done == 3
    assert ground.site.progress.seconds["summing"] > 0
    assert ground.lines == []


def test_a_part_whose_process_is_killed_is_computed_again_and_counted_once(
    ground: Field, tmp_path: Path
) -> None:
    file = str(tmp_path / "mark")
    assert ground.compute(steps.ends_once, file) == [file]
    assert ground.site.progress.done == 2
    assert ground.lines == [
        "a worker on 127.0.0.1 ended: its process is gone; what it trained goes to others"
    ]


def test_a_part_that_ends_two_processes_is_given_up(ground: Field, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    with pytest.raises(TaskError, match="two workers ended while they trained on it"):
        ground.compute(steps.ends_always, str(marks))
    assert marks.read_text() == ".."


def test_an_error_of_one_part_is_raised_here_and_the_others_end(ground: Field) -> None:
    began = time.monotonic()
    with pytest.raises(TaskError, match="fold00: is empty"):
        ground.compute(steps.fails_or_waits, "waits", "fails")
    assert ground.compute(steps.row_sum, "fold00")  # there is a core for it again
    assert time.monotonic() - began < 50


def test_a_node_that_does_not_see_the_embeddings_is_not_used(ground: Field, tmp_path: Path) -> None:
    spread = ground.farm.elsewhere.where(ground.site)
    (tmp_path / "fold01").unlink()
    with pytest.raises(
        UsageError, match=r"node 127.0.0.1: .*fold01: cannot be read there \(No such"
    ) as told:
        spread(steps.row_sum, ["fold00"])
    assert "put --out on a file system that they share" in str(told.value)


def test_a_run_that_is_to_end_waits_for_nothing(ground: Field) -> None:
    ground.farm.elsewhere.stop()
    with pytest.raises(Stopped):
        ground.compute(steps.fails_or_waits, "waits")


@pytest.mark.parametrize("engine", [exact, fused])
def test_an_engine_gives_the_same_wherever_its_parts_are_computed(
    ground: Field, engine: Any
) -> None:
    data, plan = ground.site.data, Plan("faster", 2, (42, 7))
    here = engine.evaluate(data, plan)
    there = engine.evaluate(data, plan, None, None, ground.farm.elsewhere.where)
    assert [(test.split, test.seed) for test in there.tests] == [
        (test.split, test.seed) for test in here.tests
    ]
    for one, other in zip(here.tests, there.tests, strict=True):
        assert np.array_equal(one.predictions, other.predictions)
        assert one.values["test_loss"] == other.values["test_loss"]
    assert here.grid == there.grid
    assert set(here.seconds) == set(there.seconds)


def test_a_ray_is_known_by_its_first_words(ray: Any) -> None:
    cluster._knock(ray.get_runtime_context().gcs_address)


class _TaskError(Exception):
    """As Ray's."""


def test_a_node_without_our_packages_is_not_used_and_said() -> None:
    told = "ray::computed() (pid=7, ip=10.0.0.3)\nModuleNotFoundError: No module named 'hearkit'"

    def get(_: object) -> Any:
        raise _TaskError(told)

    nodes = [
        {"NodeID": f"n{n}", "NodeManagerAddress": f"10.0.0.{n}", "Alive": True} for n in (2, 3)
    ]
    fake = SimpleNamespace(
        get=get,
        nodes=lambda: nodes,
        remote=lambda **_: lambda function: function,
        exceptions=SimpleNamespace(RayTaskError=_TaskError, RayError=_TaskError),
    )
    lines: list[str] = []
    farm = Farm(fake, Path.cwd(), lambda line, _: lines.append(line))
    running = _Running(0, cast(Order, None), iter([None]))
    message = farm.message(running)
    assert isinstance(message, Unseen)
    farm.exclude(running, message.why)
    assert lines == [
        "node 10.0.0.3 is not used for training: it has not the packages of the machine of the "
        "command (No module named 'hearkit'); install the same on both"
    ]
    told = "ray::computed() (pid=7, ip=10.0.0.2)\nValueError: no number"
    with pytest.raises(_TaskError, match="no number"):  # a mistake of ours
        farm.message(_Running(0, cast(Order, None), iter([None])))
