"""Which differences between results are separable."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import TaskError
from . import certainty, predictions
from .certainty import Difference
from .results import Results, TaskResult


@dataclass(frozen=True)
class Pair:
    """Two results on one task.

    Attributes:
        task: Name of the task folder.
        first: Name of the first module.
        second: Name of the second module.
        difference: Their difference; None if they cannot be compared.
        problem: Why they cannot be compared; "" if they can.
    """

    task: str
    first: str
    second: str
    difference: Difference | None
    problem: str = ""


def pairs(results: Sequence[Results]) -> list[Pair]:
    """All pairs of results that have a task in common, task by task."""
    found = []
    names = labelled(results)
    for (first, one), (second, other) in itertools.combinations(
        zip(names, results, strict=True), 2
    ):
        theirs = {result.task: result for result in other.tasks}
        for result in one.tasks:
            if result.task in theirs:
                found.append(_pair(first, result, second, theirs[result.task]))
    return sorted(found, key=lambda pair: pair.task)


def labelled(results: Sequence[Results]) -> list[str]:
    """Names of the modules, numbered where two are the same."""
    modules = [one.module for one in results]
    return [
        name if modules.count(name) == 1 else f"{name} ({number})"
        for number, name in enumerate(modules, start=1)
    ]


def _pair(first: str, one: TaskResult, second: str, other: TaskResult) -> Pair:
    problem = ""
    if one.score != other.score:
        problem = f"scored by {one.score} and {other.score}"
    elif one.folder is None or other.folder is None:
        problem = "predictions were not kept"
    else:
        try:
            both = predictions.read(one.folder), predictions.read(other.folder)
            difference = certainty.difference(*both, one.score)
        except TaskError as error:
            problem = str(error)
        else:
            if difference is not None:
                return Pair(one.task, first, second, difference)
            problem = "scored on different recordings, or not defined"
    return Pair(one.task, first, second, None, problem)
