"""The walk over modules and tasks, without any evaluation."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Barrier

import pytest

from hearkit.errors import HearError, TaskError
from hearkit.evaluation.job import Follow, Job, Named, Prepared
from hearkit.evaluation.outcome import Tell
from hearkit.evaluation.run import run_all
from hearkit.evaluation.together import Elsewhere
from hearkit.evaluation.training.engines import Options, plan_of

NEEDS = ("torch",)

MODULES = ("one", "other")


@pytest.mark.parametrize("elsewhere", [False, True])
def test_tasks_of_several_modules_are_evaluated_at_once_where_others_do_it(
    tmp_path: Path, elsewhere: bool
) -> None:
    """Each task waits until those of all modules have begun, unless one follows the other."""
    meet = Barrier(len(MODULES) if elsewhere else 1)
    lines: list[str] = []
    told: list[int] = []

    def fails(tell: Tell) -> Prepared:
        tell(0, 1, "begun")
        meet.wait(timeout=60)
        raise TaskError("has no labels")

    def line(text: str, error: HearError | None) -> None:
        assert error is not None
        lines.append(text)

    results = run_all(
        [(Named(module), [Job("task", fails)]) for module in MODULES],
        tmp_path,
        Options("fused", "mlp", plan_of("fused", "faster", 1, 1, "cpu")),
        Follow(lambda done, total, what: told.append(total), line, lambda *_: None),  # noqa: ARG005
        Elsewhere(lambda _: pytest.fail("nothing to compute"), 2, meet.abort)
        if elsewhere
        else None,
    )
    assert sorted(lines) == [f"{module}: task: not scored: has no labels" for module in MODULES]
    assert [one.module for one in results] == list(MODULES)
    for one in results:
        assert [(failure.task, failure.reason) for failure in one.failures] == [
            ("task", "has no labels")
        ]
        written = json.loads((tmp_path / one.module / "results.json").read_text())
        assert written["module"] == one.module
    assert max(told) == (2 if elsewhere else 1)  # the progress of all together
