"""Results as plain data, and their files.

A task's result is `test.predicted-scores.json` with the oracle's keys, those of its one seed, and
ours under the key `hearbaseline`. `results.json` has all tasks of a module.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import UsageError
from . import oracle_keys
from .embeddings.store import read_json, write_json
from .interval import Interval
from .outcome import Outcome, TestScores
from .tasks.metadata import LOWER_IS_BETTER
from .tasks.task import Metadata

OURS = "hearbaseline"
"""The key that the oracle does not have."""

FILE = "test.predicted-scores.json"
SUMMARY = "results.json"

_FORMAT = 1


@dataclass(frozen=True)
class TaskResult:
    """The score of one module on one task.

    Attributes:
        task: Name of the task folder.
        task_name: Name of the task.
        mode: Size of the task, such as `full` or `5h`.
        module: Name of the HEAR module.
        weights: Path of the checkpoint as it was given, or "".
        score: Name of the primary score.
        value: The score: of the test split, or the mean over folds, and over seeds.
        probe: `mlp` is HEAR's; others are outside the protocol.
        engine: `exact` or `fused`; "" for other probes.
        grid: Name of the grid.
        grid_points: Number of points that were tried.
        seeds: Seeds.
        over_seeds: Interval of the mean over seeds; None for a single seed.
        over_recordings: Bootstrap interval over the test recordings.
        seconds: Seconds by stage.
        resampled: One line on what was resampled; "" if nothing was.
        warnings: What the score is to be read with, in one line each.
        model: Key of the model.
        made_from: Digest of everything that the result depends on.
        folder: Folder of the result; None if it was not written.

    Examples:
        >>> from hearkit.evaluation import TaskResult
        >>> TaskResult("esc50-v2.0.0-full", "esc50", "full", "my_model", "", "top1_acc", 0.81).value
        0.81
    """

    task: str
    task_name: str
    mode: str
    module: str
    weights: str
    score: str
    value: float
    probe: str = "mlp"
    engine: str = ""
    grid: str = "default"
    grid_points: int = 8
    seeds: tuple[int, ...] = (42,)
    over_seeds: Interval | None = None
    over_recordings: Interval | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    resampled: str = ""
    warnings: tuple[str, ...] = ()
    model: str = ""
    made_from: str = ""
    folder: Path | None = field(default=None, compare=False)

    @property
    def lower_is_better(self) -> bool:
        """Whether the score is an error."""
        return self.score in LOWER_IS_BETTER

    @property
    def is_protocol(self) -> bool:
        """Whether the score is by HEAR's protocol, so that it may stand on the board."""
        return self.probe == "mlp" and self.grid == "default" and self.grid_points == 8


@dataclass(frozen=True)
class Failure:
    """A task that could not be scored.

    Attributes:
        task: Name of the task folder.
        reason: One line.

    Examples:
        >>> from hearkit.evaluation import Failure
        >>> Failure("esc50-v2.0.0-full", "48000/fold00: is missing").task
        'esc50-v2.0.0-full'
    """

    task: str
    reason: str


@dataclass(frozen=True)
class Results:
    """The scores of one module.

    Attributes:
        module: Name of the HEAR module.
        tasks: Results of the tasks that were scored.
        failures: Tasks that could not be scored.

    Examples:
        >>> from hearkit.evaluation import Results
        >>> Results("my_model", (), ()).tasks
        ()
    """

    module: str
    tasks: tuple[TaskResult, ...]
    failures: tuple[Failure, ...] = ()


def value_of(tests: Sequence[TestScores]) -> float:
    """The leaderboard's number of one seed: the test score, or its mean over the folds."""
    return oracle_keys.mean([test.values["test_score"] for test in tests])


def by_seed(outcome: Outcome) -> dict[int, list[TestScores]]:
    """Test scores by seed, in order."""
    found: dict[int, list[TestScores]] = {}
    for test in outcome.tests:
        found.setdefault(test.seed, []).append(test)
    return found


def write(
    result: TaskResult, outcome: Outcome, metadata: Metadata, versions: Mapping[str, str]
) -> None:
    """Write a task's result into its folder, atomically.

    Raises:
        UsageError: If it cannot be written.
    """
    assert result.folder is not None
    seeds = by_seed(outcome)
    content = oracle_keys.of(next(iter(seeds.values())), metadata, result.folder)
    ours = _plain(result)
    ours["format"] = _FORMAT
    ours["protocol"] = "HEAR" if result.is_protocol else _outside(result)
    ours["versions"] = dict(versions)
    ours["scores"] = [
        {
            "seed": seed,
            "value": value_of(tests),
            "splits": {test.split: _head(test) for test in tests},
            "grid": [
                {"point": dict(point), "validation_score": score, "epoch": epoch}
                for of_seed, point, score, epoch in outcome.grid
                if of_seed == seed
            ],
        }
        for seed, tests in seeds.items()
    ]
    content[OURS] = ours
    write_json(result.folder / FILE, content)


def _outside(result: TaskResult) -> str:
    if result.probe != "mlp":
        return f"outside HEAR's protocol: {result.probe} probe"
    return f"HEAR's with the grid {result.grid} of {result.grid_points} points"


def _plain(result: TaskResult) -> dict[str, Any]:
    content = dataclasses.asdict(result)
    del content["folder"]
    return content


def _head(test: TestScores) -> dict[str, Any]:
    post = None if test.postprocessing is None else dict(test.postprocessing)
    return {**test.values, "point": dict(test.point), "postprocessing": post}


def read(path: Path) -> TaskResult | None:
    """The result that a folder has; None where there is none of ours.

    Args:
        path: The folder of a task's result.
    """
    content = read_json(path / FILE)
    if not isinstance(content, dict) or not isinstance(content.get(OURS), dict):
        return None
    return _from_plain(content[OURS], path)


def _from_plain(ours: Mapping[str, Any], folder: Path | None) -> TaskResult | None:
    if ours.get("format") != _FORMAT:
        return None
    known = {one.name for one in dataclasses.fields(TaskResult)} - {"folder"}
    values = {name: value for name, value in ours.items() if name in known}
    try:
        for name in ("over_seeds", "over_recordings"):
            values[name] = Interval(**values[name]) if values.get(name) else None
        values["seeds"] = tuple(values["seeds"])
        values["warnings"] = tuple(values["warnings"])
        return TaskResult(**values, folder=folder)
    except (KeyError, TypeError):
        return None


def write_summary(folder: Path, results: Results) -> None:
    """Write all results of a module.

    Raises:
        UsageError: If they cannot be written.
    """
    content = {
        "format": _FORMAT,
        "module": results.module,
        "tasks": [_plain(result) | {"format": _FORMAT} for result in results.tasks],
        "failures": [dataclasses.asdict(failure) for failure in results.failures],
    }
    write_json(folder / SUMMARY, content)


def read_all(path: Path) -> Results:
    """The results of a module.

    Args:
        path: A `results.json`, or the folder that holds one.

    Raises:
        UsageError: If there are none.
    """
    file = path / SUMMARY if path.is_dir() else path
    content = read_json(file)
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise UsageError(f"{path}: has no results; name a {SUMMARY} that hear-eval wrote")
    folder = file.parent
    tasks = [_from_plain(one, folder / str(one.get("task", ""))) for one in content["tasks"]]
    return Results(
        str(content["module"]),
        tuple(task for task in tasks if task is not None),
        tuple(Failure(**one) for one in content["failures"]),
    )


def find_all(paths: Sequence[Path]) -> list[Results]:
    """The results of modules.

    Args:
        paths: `results.json` files, folders that hold one, or folders of such folders.

    Raises:
        UsageError: If one of them has none.
    """
    found = []
    for path in paths:
        below = [path]
        if path.is_dir() and not (path / SUMMARY).exists():
            below = sorted(path.glob(f"*/{SUMMARY}")) or [path]
        found += [read_all(one) for one in below]
    return found
