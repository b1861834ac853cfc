"""`hear-eval --ray`: from what the command was told to a run on Ray.

First all tasks are embedded by actors that hold the model; then they make room, and the heads are
trained. Embeddings and results are written by this process alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...api.submission import Submission
from ...embed.spread.command import check_gpu
from ...embed.spread.messages import Setup
from ...embed.spread.pool import RayPool, has_gpu
from ...errors import HearError, LostError, OutputError
from ..job import Follow, Job, Prepared
from ..outcome import Tell
from ..results import Results
from ..run import run
from ..scoring import jobs_of, named, score_folders
from ..together import Together
from ..training.engines import Options
from .actor import ClipActor
from .desk import Desk
from .farm import Farm
from .model import SpreadModel

_AT_ONCE = 4
"""Tasks that are embedded at once, so that no actor waits where one ends."""


def score_module_on_ray(
    ray: Any,
    module: str,
    weights: str | None,
    tasks: Sequence[Path],
    out: Path,
    options: Options,
    follow: Follow,
    *,
    device: str,
    in_process: bool,
    seconds: float,
    memory_gb: float | None,
    export: bool,
    command: str,
) -> Results:
    """Embed tasks with a module and score it on a Ray; see `scoring.score_module`.

    Args:
        ray: The module `ray`, connected, see `cluster.joined`.
        module: Name of the HEAR module.
        weights: Path of its checkpoint.
        tasks: The task folders.
        out: Folder for results; all nodes see it under this path.
        options: How tasks are evaluated.
        follow: How the caller follows the run.
        device: Device of the module.
        in_process: Whether the module runs in its actor's process.
        seconds: Seconds for each call, on top of ten times the audio's length.
        memory_gb: Memory of the module's process; None for its share of what is free there.
        export: Whether embeddings are written in heareval's layout as well.
        command: What messages call the caller.

    Raises:
        UsageError: If the module or the device do not exist, or results cannot be written.
        SubmissionError: If the module cannot be imported or loaded.
        LostError: If no node is left.
    """
    check_gpu(ray, device)
    options = on_cluster(ray, options, device)
    setup = Setup(
        Submission.of(module, weights, device),
        weights or "",
        0,  # batches are made here
        seconds,
        None if memory_gb is None else int(memory_gb * 1e9),
        in_process,
        command,
        Path.cwd(),
        "",
        out,
    )
    with closing(RayPool(ray, ClipActor, setup, lambda line: follow.line(line, None))) as pool:
        desk = Desk(pool, follow.line)
        desk.run(lambda: desk.model is not None)
        assert desk.model is not None
        model = SpreadModel(desk.model, desk)
        jobs = _prepared(jobs_of(tasks, model, out, options, export=export), desk, follow)
    farm = Farm(ray, Path.cwd(), follow.line)
    return run(jobs, named(model), out, options, follow, farm.elsewhere)


def score_folders_on_ray(
    ray: Any,
    embeddings: Sequence[Path],
    out: Path,
    options: Options,
    follow: Follow,
    *,
    device: str,
) -> list[Results]:
    """Score embeddings that heareval wrote on a Ray; see `scoring.score_folders`.

    Args:
        ray: The module `ray`, connected.
        embeddings: Folders that all nodes see under these paths.
        out: Likewise.
        options: How tasks are evaluated.
        follow: How the caller follows the run.
        device: Where heads compute.
    """
    farm = Farm(ray, Path.cwd(), follow.line)
    return score_folders(embeddings, out, on_cluster(ray, options, device), follow, farm.elsewhere)


def on_cluster(ray: Any, options: Options, device: str) -> Options:
    """The options with the device on which heads are trained: the machine here may have no GPU.

    Args:
        ray: The module `ray`, connected.
        options: How tasks are evaluated.
        device: What the user has chosen.

    Raises:
        UsageError: If that is a GPU, and no node has one.
    """
    if options.engine == "exact" or device == "cpu":
        return options
    check_gpu(ray, device)
    chosen = "cuda" if has_gpu(ray.nodes()) else "cpu"
    return replace(options, plan=replace(options.plan, device=chosen))


def _prepared(jobs: Sequence[Job], desk: Desk, follow: Follow) -> list[Job]:
    """Jobs whose embeddings are there, or that tell why they are not."""
    together = Together(follow.tell)
    threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="hear-task")
    try:
        preparing = [threads.submit(_tried, job, together.tell(job.name)) for job in jobs]
        desk.run(lambda: _all_there(preparing))
        return [Job(job.name, _Ready(one)) for job, one in zip(jobs, preparing, strict=True)]
    finally:
        desk.close()  # an interrupt comes at any moment, and threads may wait for answers
        threads.shutdown(cancel_futures=True)


def _all_there(preparing: Sequence[Future[Prepared | HearError]]) -> bool:
    """Whether all tasks have been dealt with.

    Raises:
        OutputError: If embeddings of one cannot be written.
    """
    there = [one.result() for one in preparing if one.done()]
    return len(there) == len(preparing)


def _tried(job: Job, tell: Tell) -> Prepared | HearError:
    try:
        return job.prepare(tell)
    except (OutputError, LostError):
        raise
    except HearError as error:
        return error


class _Ready:
    """Brings a task's embeddings that are there."""

    def __init__(self, found: Future[Prepared | HearError]) -> None:
        self._found = found

    def __call__(self, tell: Tell) -> Prepared:  # noqa: ARG002 - nothing is left to do
        """The embeddings, or the error."""
        found = self._found.result()
        if isinstance(found, HearError):
            raise found
        return found
