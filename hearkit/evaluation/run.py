"""The walk of a run: modules and their tasks, until all results are on disk.

Whatever is at fault in one task is that task's failure; only a disk that cannot be written, and a
module that cannot be loaded again, end the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import HearError, LostError, OutputError
from . import results
from .job import Follow, Job, Named, scored
from .outcome import Tell
from .results import Failure, Results, TaskResult
from .together import Elsewhere, each
from .training.engines import Options


def run(
    jobs: Sequence[Job],
    named: Named,
    out: Path,
    options: Options,
    follow: Follow,
    elsewhere: Elsewhere | None = None,
) -> Results:
    """Score a module on tasks; see `run_all`."""
    (found,) = run_all([(named, jobs)], out, options, follow, elsewhere)
    return found


def run_all(
    modules: Sequence[tuple[Named, Sequence[Job]]],
    out: Path,
    options: Options,
    follow: Follow,
    elsewhere: Elsewhere | None = None,
) -> list[Results]:
    """Score modules on tasks, and write their results below `out/<module>/`.

    Args:
        modules: The modules, each with its tasks.
        out: Folder for results.
        options: How tasks are evaluated.
        follow: How the caller follows the run.
        elsewhere: Who evaluates; None for this process.

    Returns:
        Results of each module.

    Raises:
        OutputError: If results cannot be written; those that are stay.
        LostError: If the module cannot be loaded again after it ended its process.
    """
    where = elsewhere.where if elsewhere else None
    whole = [_Module(named, jobs, out / named.module) for named, jobs in modules]
    parts = [
        _Part(job.name if len(whole) == 1 else f"{module.named.module}: {job.name}", module, job)
        for module in whole
        for job in module.jobs
    ]

    def score(part: _Part, tell: Tell) -> tuple[TaskResult, bool] | HearError:
        try:
            return scored(
                part.job,
                part.name,
                part.module.named,
                out,
                options,
                replace(follow, tell=tell),
                where,
            )
        except (OutputError, LostError):
            raise
        except HearError as error:
            return error

    with closing(each(parts, score, follow.tell, elsewhere)) as answers:
        for part, found in answers:
            if isinstance(found, HearError):
                part.module.failures[part.job.name] = Failure(part.job.name, str(found))
                follow.line(f"{part.name}: not scored: {found}", found)
            else:
                part.module.done[part.job.name] = found[0]
                follow.finished(part.name, *found)
            _write_summary(part.module)
    return [module.results for module in whole]


@dataclass(frozen=True)
class _Module:
    """A module, and what has become of its tasks.

    Attributes:
        named: The module.
        jobs: Its tasks.
        folder: Where its results go.
        done, failures: By task.
    """

    named: Named
    jobs: Sequence[Job]
    folder: Path
    done: dict[str, TaskResult] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)

    @property
    def results(self) -> Results:
        """What is known by now, in the order of the tasks."""
        names = [job.name for job in self.jobs]
        return Results(
            self.named.module,
            tuple(self.done[name] for name in names if name in self.done),
            tuple(self.failures[name] for name in names if name in self.failures),
        )


@dataclass(frozen=True)
class _Part:
    """One module on one task.

    Attributes:
        name: What messages call it.
        module: The module.
        job: The task.
    """

    name: str
    module: _Module
    job: Job


def _write_summary(module: _Module) -> None:
    """All results of this model in the folder, whichever run they are of, and the page."""
    from .page import write_page

    found = module.results
    known = {one.task: one for one in found.tasks}
    failed = {failure.task for failure in found.failures}
    for path in sorted(module.folder.glob(f"*/{results.FILE}")):
        other = results.read(path.parent)
        if other is None or other.model != module.named.key or other.task in failed:
            continue
        known.setdefault(other.task, other)
    whole = Results(found.module, tuple(known[name] for name in sorted(known)), found.failures)
    results.write_summary(module.folder, whole)
    write_page(module.folder / "index.html", [whole])
