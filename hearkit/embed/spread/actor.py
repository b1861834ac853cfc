"""The actors: a loaded model; and one with threads that read for it and write its results."""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ...errors import HearError, UsageError
from ..batching import Batches
from ..connect import connect
from ..counts import Follow
from ..jobs import Job
from ..model import Embedder
from ..parquet.folder import ParquetParts
from ..pipeline import embed_jobs
from ..results import results_of
from ..spent import Spent
from .messages import Failed, Opened, Refused, Report, Setup

_READERS = 4
"""Threads for each call; two calls overlap."""


class ModelActor:
    """Holds a model that is loaded once.

    The module has a process of its own, so that what crashes there fails a recording, and not the
    actor.

    Args:
        setup: What to do.
        n_beside: Number of actors on this node, which share its memory.
    """

    def __init__(self, setup: Setup, n_beside: int = 1) -> None:
        self._setup = setup
        self._n_beside = n_beside

    def pid(self) -> int:
        """The number of the actor's process."""
        return os.getpid()

    def open(self) -> Opened | Refused:
        """Load the model."""
        try:
            return self._open()
        except HearError as error:
            return refused(error)

    def _open(self) -> Opened:
        from ...api.process import free_memory_bytes

        setup = self._setup
        try:
            os.chdir(setup.folder)
        except OSError as error:
            raise UsageError(
                f"{setup.folder}: is not there on {os.uname().nodename} ({error.strerror}); all "
                "nodes need the folder that the command runs in"
            ) from error
        given = setup.memory_bytes
        self._memory_bytes = free_memory_bytes() // self._n_beside if given is None else given
        connection = connect(
            setup.submission,
            seconds=setup.seconds,
            memory_bytes=self._memory_bytes,
            command=setup.command,
            in_process=setup.in_process,
        )
        self._embedder = Embedder(
            setup.submission, lambda _: connection, weights=setup.weights or None
        )
        return Opened(self._embedder.key, dict(self._embedder.places))

    def close(self) -> None:
        """End the module's process."""
        self._embedder.close()


class EmbeddingActor(ModelActor):
    """Embeds recordings, and writes their results.

    Calls of `embed` overlap: while one computes, the next one reads. Sounds of both share batches.
    """

    def _open(self) -> Opened:
        opened = super()._open()
        self._results = results_of(self._setup.kind, self._setup.out)
        self._results.begin([])
        self._batches = Batches(self._setup.batch_size)
        return opened

    def embed(self, jobs: list[Job]) -> Report:
        """Embed recordings that have no current result."""
        report, spent = Report(), Spent()
        written: list[str] = []

        def failed(job: Job, error: HearError) -> None:
            report.failed.append(Failed(job.name, str(error), _trace(error)))

        def done(job: Job, seconds: float) -> None:
            written.append(job.name)
            report.audio_s += seconds

        def tell(line: str, _: HearError | None) -> None:
            report.lines.append(line)

        readers = ThreadPoolExecutor(_READERS, thread_name_prefix="hear-reader")
        try:
            embed_jobs(
                jobs,
                self._embedder,
                self._batches,
                self._results,
                readers,
                Follow(failed, done, tell, spent),
            )
        except HearError as error:
            report.stopped = refused(error)
        finally:
            readers.shutdown(cancel_futures=True)
        report.spent = spent.by_stage()
        self._keep(report, written)
        return report

    def flush(self) -> Report:
        """Complete what was written."""
        report = Report()
        if isinstance(self._results, ParquetParts):
            self._guarded(report, self._results.flush)
        self._keep(report, [])
        return report

    def close(self) -> None:
        """Complete what was written, and end the module's process."""
        with contextlib.suppress(HearError):
            self._results.finish()
        super().close()

    def _keep(self, report: Report, written: list[str]) -> None:
        """Note whose results are kept by now."""
        if isinstance(self._results, ParquetParts):
            report.kept, refused = self._results.completed()
            report.failed += [Failed(name, str(error)) for name, error in refused]
        else:
            report.kept = written

    def _guarded(self, report: Report, step: Callable[[], None]) -> None:
        try:
            step()
        except HearError as error:
            report.stopped = refused(error)


def refused(error: HearError) -> Refused:
    """An error as plain text."""
    return Refused(type(error).__name__, str(error), _trace(error))


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
