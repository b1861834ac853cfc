"""The driver: which recordings are still to be embedded, who gets them, what became of them.

A recording is dealt with once its result is kept, not once it is embedded. What a worker held when
it ended goes to others; what has a result by then does not. A recording is skipped if two workers
ended while they embedded it, the second time it alone.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol

from ...audio.kinds import shown
from ...errors import HearError, SubmissionError
from ..counts import Counts, Tell
from ..jobs import Job
from ..key import place_now
from ..results import Results
from ..standing import Judge, in_order, standing_of
from .messages import Opened, Refused, Report
from .pool import Event, Worker

_AHEAD = 2
"""Calls that a worker has at once: while it computes for one, it reads for the other."""

_MOST_JOBS = 64
"""Recordings in a call at most; so many a worker loses at once."""

_MOST_BYTES = 64 << 20
"""Bytes of their files at most, but for one that is larger."""

_SHARES = 4
"""Calls that the rest is divided into for each worker, so that all end at about the same time."""

_LOOKERS = 4
"""Threads that look at results."""

_EVENT_S = 1.0
"""Seconds between two looks at which nodes there are."""

_PATIENCE_S = 60.0
"""Seconds without a worker after which the user is told."""


class Pool(Protocol):
    """Workers, wherever they are; see `pool.RayPool`."""

    def grow(self) -> None:
        """Start workers where some are missing."""

    def workers(self) -> Iterator[Worker]:
        """Those that have loaded the model."""

    def embed(self, worker: Worker, call: int, jobs: list[Job]) -> None:
        """Have recordings embedded."""

    def flush(self, worker: Worker, call: int) -> None:
        """Have results completed."""

    def events(self, seconds: float) -> Iterator[Event]:
        """What has happened."""

    def exclude(self, worker: Worker) -> None:
        """Use a worker's node no more."""

    @property
    def is_empty(self) -> bool:
        """Whether no node is left."""


def run(
    jobs: list[Job],
    pool: Pool,
    results: Results,
    batch_size: int,
    *,
    done: Callable[[int], None],
    tell: Tell,
    counts: Counts | None = None,
) -> Counts:
    """Embed all jobs that have no current result yet; like `pipeline.run`.

    Args:
        jobs: What to embed.
        pool: The workers.
        results: Where results are kept, as seen from here.
        batch_size: Sounds in a batch at most.
        done: Called with the number of jobs that were dealt with.
        tell: Called with one line, and the error if it is one.
        counts: Is kept up to date, and returned; None for a new one.

    Raises:
        HearError: If the module cannot be loaded anywhere, or results cannot be written.
    """
    lookers = ThreadPoolExecutor(_LOOKERS, thread_name_prefix="hear-looker")
    counts = Counts() if counts is None else counts
    driver = _Driver(jobs, pool, results, batch_size, lookers, done, tell, counts)
    try:
        driver.run()
    finally:
        lookers.shutdown(cancel_futures=True)
        results.finish()
    return counts


class _Driver:
    """The state of a run."""

    def __init__(
        self,
        jobs: list[Job],
        pool: Pool,
        results: Results,
        batch_size: int,
        lookers: ThreadPoolExecutor,
        done: Callable[[int], None],
        tell: Tell,
        counts: Counts,
    ) -> None:
        self.counts = counts
        self._jobs = jobs
        self._n_waiting = len(jobs)  # that nobody has been given yet
        self._pool = pool
        self._results = results
        self._batch_size = batch_size
        self._lookers = lookers
        self._done = done
        self._tell = tell
        self._model: Opened | None = None
        self._todo: Iterator[Job] = iter(())
        self._again: deque[Job] = deque()
        self._suspects: deque[Job] = deque()
        self._strikes: Counter[str] = Counter()
        self._n_calls = 0
        self._calls: dict[Worker, dict[int, list[Job]]] = {}
        self._alone: set[Worker] = set()
        self._held: dict[Worker, dict[str, Job]] = {}
        self._is_exhausted = False

    def run(self) -> None:
        """All of it."""
        patience = time.monotonic() + _PATIENCE_S
        with self.counts.spent.on("checking"):
            self._results.begin(self._jobs)
        while True:
            self._pool.grow()
            if self._model is not None and self._hand_out():
                return
            for event in self._pool.events(_EVENT_S):
                self._take(event)
            if self._model is None and patience and time.monotonic() > patience:
                patience = 0.0
                self._tell(
                    f"no worker has loaded the model after {_PATIENCE_S:.0f} s; `ray status` tells "
                    "whether others use all CPUs or GPUs",
                    None,
                )

    def _hand_out(self) -> bool:
        """Give work to all workers that can take more; returns whether all is done."""
        for worker in list(self._pool.workers()):
            calls = self._calls.setdefault(worker, {})
            while (
                len(calls) < _AHEAD and worker not in self._alone and (chunk := self._chunk(worker))
            ):
                self._n_calls += 1
                calls[self._n_calls] = chunk
                self._held.setdefault(worker, {}).update((job.name, job) for job in chunk)
                self._pool.embed(worker, self._n_calls, chunk)
        if any(self._calls.values()) or self._suspects or self._again or not self._is_exhausted:
            return False
        unkept = [worker for worker, held in self._held.items() if held]
        for worker in unkept:
            self._n_calls += 1
            self._calls[worker][self._n_calls] = []
            self._pool.flush(worker, self._n_calls)
        return not unkept

    def _chunk(self, worker: Worker) -> list[Job]:
        """The next recordings for a worker; none where it has to wait or nothing is left."""
        if self._suspects:
            # So that it is known which one is at fault, and no other one loses its worker.
            if self._calls[worker]:
                return []
            self._alone.add(worker)
            return [self._suspects.popleft()]
        n_workers = max(1, len(self._calls))
        share = self._n_waiting // (_SHARES * n_workers)
        most = max(min(share, _MOST_JOBS), min(self._batch_size, _MOST_JOBS))
        chunk: list[Job] = []
        n_bytes = 0
        while len(chunk) < most and n_bytes < _MOST_BYTES and (job := self._next()) is not None:
            chunk.append(job)
            with contextlib.suppress(OSError):
                n_bytes += job.source.stat().st_size
        return chunk

    def _next(self) -> Job | None:
        if self._again:
            self._n_waiting -= 1
            return self._again.popleft()
        with self.counts.spent.on("checking"):
            job = next(self._todo, None)
        if job is None:
            self._is_exhausted = True
        else:
            self._n_waiting -= 1
        return job

    def _to_do(self) -> Iterator[Job]:
        """The jobs without a current result; looked at as they are needed."""
        for job, found in in_order(self._jobs, self._judge(), self._lookers):
            if found.is_current:
                self.counts.current += 1
                self._n_waiting -= 1
                self._done(1)
            elif found.error is not None:
                self._n_waiting -= 1
                self._fail(found.error)
            else:
                yield job

    def _judge(self) -> Judge:
        assert self._model is not None
        where = partial(place_now, places=self._model.places)
        return standing_of(self._model.key, where, self._results)

    def _fail(self, error: HearError) -> None:
        self._tell(str(error), error)
        self.counts.failed += 1
        self._done(1)

    def _take(self, event: Event) -> None:
        """Something that has happened."""
        is_stale = event.call and event.call not in self._calls.get(event.worker, {})
        if event.answer is None:
            self._lost(event)
        elif is_stale:  # of a worker that was left meanwhile; others have its recordings
            return
        elif isinstance(event.answer, Opened):
            self._opened(event.worker, event.answer)
        elif isinstance(event.answer, Refused):
            self._refused(event.worker, event.answer)
        else:
            self._report(event.worker, event.call, event.answer)

    def _opened(self, worker: Worker, found: Opened) -> None:
        if self._model is None:
            self._model = found
            self._todo = self._to_do()
        elif found.key != self._model.key:
            self._leave(
                worker,
                f"node {worker.where} is not used: it has other code, weights or libraries than "
                "the node that was first; install the same on both",
            )

    def _refused(self, worker: Worker, why: Refused) -> None:
        """A worker that cannot go on, and so its node."""
        self._leave(worker, f"node {worker.where} is not used: {why.message}", why.error())

    def _leave(self, worker: Worker, line: str, error: HearError | None = None) -> None:
        self._pool.exclude(worker)
        for one in [w for w in self._calls if w.node == worker.node]:
            self._release(one, is_fault=False)
        if error is not None and self._pool.is_empty:
            raise error
        self._tell(line, error)

    def _report(self, worker: Worker, call: int, report: Report) -> None:
        jobs = self._calls[worker].pop(call)
        self._alone.discard(worker)
        held = self._held.setdefault(worker, {})
        self.counts.spent.add(report.spent)
        self.counts.audio_s += report.audio_s
        for line in report.lines:
            self._tell(line, None)
        for failed in report.failed:
            if held.pop(failed.name, None) is not None:
                self._fail(failed.error())
        for name in report.kept:
            if held.pop(name, None) is not None:
                self.counts.embedded += 1
                self._done(1)
        if report.stopped is not None:
            if report.stopped.kind != "LostError":
                raise report.stopped.error()
            self._refused(worker, report.stopped)
        elif not jobs:  # the answer to a flush
            for job in held.values():
                self._fail(SubmissionError(f"{shown(job.source)}: its result was not kept"))
            held.clear()

    def _lost(self, event: Event) -> None:
        """A worker has ended: others get what it held."""
        n_held = self._release(event.worker, is_fault=not event.is_nodes)
        if n_held:
            what = "recording goes" if n_held == 1 else "recordings go"
            line = f"a worker on {event.worker.where} ended: {event.why}; {n_held} {what} to others"
            self._tell(line, None)
        if self._pool.is_empty and self._model is None:
            raise SubmissionError(f"the worker ended while it loaded the model: {event.why}")

    def _release(self, worker: Worker, *, is_fault: bool) -> int:
        """Take back what a worker held; returns how much is to be done again.

        Args:
            worker: The worker, which has ended.
            is_fault: Whether what it was embedding may be the reason.
        """
        held = self._held.pop(worker, {})
        calls = self._calls.pop(worker, {})
        self._alone.discard(worker)
        at_work = {job.name for jobs in calls.values() for job in jobs}
        left = list(self._without_result(held.values()))
        for job in left:
            if not is_fault or job.name not in at_work:
                self._n_waiting += 1
                self._again.append(job)
                continue
            self._strikes[job.name] += 1
            if self._strikes[job.name] < 2:
                self._suspects.append(job)
            else:
                self._fail(
                    SubmissionError(
                        f"{shown(job.source)}: two workers ended while they embedded it; skipped"
                    )
                )
        return len(left)

    def _without_result(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """Those that a worker has not finished before it ended."""
        jobs = list(jobs)
        if not jobs:
            return
        self._results.begin([])
        for job, found in in_order(jobs, self._judge(), self._lookers):
            if found.is_current:
                self.counts.embedded += 1
                self._done(1)
            else:
                yield job
