"""One job: a module on a task, from its embeddings to its result on disk."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import HearError
from ..version import version
from . import certainty, predictions, results
from .data import SplitData, TaskData
from .embeddings import store
from .outcome import Outcome, Tell
from .results import TaskResult
from .training.engines import Options, code_digest, evaluator, fits_into_memory

if TYPE_CHECKING:
    from .training.parts import Where

_STATE = ".hear-eval"
"""Folder below `--out` with embeddings and journals; it may be removed after a run."""


@dataclass(frozen=True)
class Prepared:
    """A task that is ready to be scored.

    Attributes:
        data: What heads are trained on.
        key: Digest of what the embeddings were made from.
        seconds: Seconds that embedding took in this run.
        resampled: One line on what was resampled; "" if nothing was.
        warnings: What the score is to be read with.
    """

    data: TaskData
    key: str
    seconds: float = 0.0
    resampled: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Named:
    """The module that is scored.

    Attributes:
        module: Name of the module.
        weights: Path of the checkpoint as it was given, or "".
        key: Key of the model.
    """

    module: str
    weights: str = ""
    key: str = ""


@dataclass(frozen=True)
class Job:
    """One task to score.

    Attributes:
        name: Name of the task folder.
        prepare: Brings its embeddings; raises `HearError` if it cannot.
    """

    name: str
    prepare: Callable[[Tell], Prepared]


@dataclass(frozen=True)
class Follow:
    """How a caller follows a run.

    Attributes:
        tell: Follows the progress within a task.
        line: Takes one line on something that the user should know.
        finished: Takes a result as soon as it is there: what it is called, and whether it is new.
    """

    tell: Tell
    line: Callable[[str, HearError | None], None]
    finished: Callable[[str, TaskResult, bool], None]


def state_folder(out: Path) -> Path:
    """Where a run keeps what it resumes from."""
    return out / _STATE


def scored(
    job: Job,
    called: str,
    named: Named,
    out: Path,
    options: Options,
    follow: Follow,
    where: Where | None,
) -> tuple[TaskResult, bool]:
    """Score one task, unless that was done before.

    Args:
        job: The task.
        called: What messages call it.
        named: The module.
        out: Folder for results.
        options: How the task is evaluated.
        follow: How the caller follows the run.
        where: Who computes the parts of the evaluation; None for this process.

    Returns:
        The result, and whether it had to be computed.

    Raises:
        HearError: If the task cannot be scored.
        OutputError: If the result cannot be written.
        LostError: If the module cannot be loaded again after it ended its process.
    """
    prepared = job.prepare(follow.tell)
    made_from = _made_from(prepared, options)
    place = out / named.module / job.name
    with store.locked(place):
        before = results.read(place)
        is_whole = (place / predictions.FILE).exists()
        if before is not None and before.made_from == made_from and is_whole:
            return before, False
        if before is not None:
            follow.line(
                f"{called}: {place} has a result of other embeddings, options or code; it is "
                "replaced when the new one is there",
                None,
            )
        journal = state_folder(out) / "journals" / made_from[:32]
        kept = store.FolderJournal(journal)
        outcome = _evaluated(prepared, options, kept, follow.tell, where)
        result = _result(prepared, named, options, outcome, made_from, place)
        predictions.write(place, predictions.of(prepared.data, outcome))
        results.write(result, outcome, prepared.data.metadata, _versions())
        shutil.rmtree(journal, ignore_errors=True)
    return result, True


def _evaluated(
    prepared: Prepared,
    options: Options,
    journal: store.FolderJournal,
    tell: Tell,
    where: Where | None,
) -> Outcome:
    began = time.monotonic()
    with fits_into_memory(options.plan.device):
        outcome = evaluator(options)(prepared.data, options.plan, journal, tell, where)
    seconds = {
        "embedding": prepared.seconds,
        "evaluation": time.monotonic() - began,
        **outcome.seconds,
    }
    return replace(outcome, seconds=seconds)


def _result(
    prepared: Prepared,
    named: Named,
    options: Options,
    outcome: Outcome,
    made_from: str,
    place: Path,
) -> TaskResult:
    metadata = prepared.data.metadata
    score = metadata.evaluation[0]
    scores = [results.value_of(tests) for tests in results.by_seed(outcome).values()]
    plan = options.plan
    warnings = (*prepared.warnings, *outcome.warnings)
    return TaskResult(
        prepared.data.folder,
        metadata.task_name,
        metadata.mode,
        named.module,
        named.weights,
        score,
        float(np.mean(scores)),
        options.probe,
        options.engine if options.probe == "mlp" else "",
        plan.grid,
        plan.grid_points,
        plan.seeds,
        certainty.over_seeds(scores),
        certainty.over_recordings(predictions.of(prepared.data, outcome), score),
        outcome.seconds,
        prepared.resampled,
        tuple(dict.fromkeys(warnings)),
        named.key,
        made_from,
        place,
    )


def _made_from(prepared: Prepared, options: Options) -> str:
    """Digest of all that a result depends on."""
    data = prepared.data
    labels = [
        [split.name, split.files, store.array_digest(split.targets), _events(split)]
        for split in data.splits.values()
    ]
    plan = options.plan
    return store.digest(
        prepared.key,
        dict(data.metadata.raw),
        data.vocabulary,
        labels,
        options.name,
        [plan.grid, plan.grid_points, plan.seeds, plan.device],
        code_digest(),
    )


def _events(split: SplitData) -> list[list[tuple[str, float, float]]]:
    return [[(e.label, e.start, e.end) for e in events] for events in split.events or ()]


def _versions() -> dict[str, str]:
    from importlib import metadata

    names = ("torch", "numpy", "scipy", "scikit-learn", "soxr", "soundfile")
    found = {"hearbaseline": version(), "python": sys.version.split()[0]}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
