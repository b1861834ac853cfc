"""The walk of a run: tasks, their embeddings, heads, scores, results on disk.

Whatever is at fault in one task is that task's failure; only a disk that cannot be written, and a
module that cannot be loaded again, end the run.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import HearError, LostError, OutputError
from ..version import version
from . import certainty, predictions, results
from .data import SplitData, TaskData
from .embeddings import store
from .outcome import Outcome, Tell
from .results import Failure, Results, TaskResult
from .together import Elsewhere, each
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
        finished: Takes a result as soon as it is there.
    """

    tell: Tell
    line: Callable[[str, HearError | None], None]
    finished: Callable[[TaskResult, bool], None]


def state_folder(out: Path) -> Path:
    """Where a run keeps what it resumes from."""
    return out / _STATE


def run(
    jobs: Iterable[Job],
    named: Named,
    out: Path,
    options: Options,
    follow: Follow,
    elsewhere: Elsewhere | None = None,
) -> Results:
    """Score tasks, and write their results below `out/<module>/`.

    Args:
        jobs: The tasks.
        named: The module.
        out: Folder for results.
        options: How tasks are evaluated.
        follow: How the caller follows the run.
        elsewhere: Who evaluates; None for this process.

    Raises:
        OutputError: If results cannot be written; those that are stay.
        LostError: If the module cannot be loaded again after it ended its process.
    """
    folder = out / named.module
    jobs = list(jobs)
    done: dict[str, TaskResult] = {}
    failures: dict[str, Failure] = {}
    where = elsewhere.where if elsewhere else None

    def score(job: Job, tell: Tell) -> tuple[TaskResult, bool] | HearError:
        try:
            return _scored(job, named, folder, out, options, replace(follow, tell=tell), where)
        except (OutputError, LostError):
            raise
        except HearError as error:
            return error

    def in_order(found: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(found[job.name] for job in jobs if job.name in found)

    with closing(each(jobs, score, follow.tell, elsewhere)) as answers:
        for job, found in answers:
            if isinstance(found, HearError):
                failures[job.name] = Failure(job.name, str(found))
                follow.line(f"{job.name}: not scored: {found}", found)
            else:
                done[job.name] = found[0]
                follow.finished(*found)
            _write_summary(folder, named, in_order(done), in_order(failures))
    return Results(named.module, in_order(done), in_order(failures))


def _scored(
    job: Job,
    named: Named,
    folder: Path,
    out: Path,
    options: Options,
    follow: Follow,
    where: Where | None,
) -> tuple[TaskResult, bool]:
    """The result of one task, and whether it had to be computed."""
    prepared = job.prepare(follow.tell)
    made_from = _made_from(prepared, options)
    place = folder / job.name
    with store.locked(place):
        before = results.read(place)
        is_whole = (place / predictions.FILE).exists()
        if before is not None and before.made_from == made_from and is_whole:
            return before, False
        if before is not None:
            follow.line(
                f"{job.name}: {place} has a result of other embeddings, options or code; it is "
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


def _write_summary(
    folder: Path, named: Named, done: Sequence[TaskResult], failures: Sequence[Failure]
) -> None:
    """All results of this model in the folder, whichever run they are of, and the page."""
    from .page import write_page

    known = {one.task: one for one in done}
    failed = {failure.task for failure in failures}
    for path in sorted(folder.glob(f"*/{results.FILE}")):
        found = results.read(path.parent)
        if found is None or found.model != named.key or found.task in failed:
            continue
        known.setdefault(found.task, found)
    whole = Results(named.module, tuple(known[name] for name in sorted(known)), tuple(failures))
    results.write_summary(folder, whole)
    write_page(folder / "index.html", [whole])
