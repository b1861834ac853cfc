"""The driver: who gets which recordings, and what becomes of them.

A recording is dealt with once its result is kept, not once it is embedded. What a worker held when
it ended goes to others; what has a result by then does not. A recording is skipped if two workers
ended while they embedded it, the second time it alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ...errors import HearError, SubmissionError
from ...remote.url import shown
from ..counts import Counts, Tell
from ..jobs import Job
from ..results import Results
from ..standing import lookers_for
from .ledger import Ledger
from .messages import Opened, Refused, Report
from .waiting import Waiting
from .workers import (
    PATIENCE_S,
    Event,
    Pool,
    Worker,
    ended_while_loading,
    no_worker_yet,
    other_model,
)

_EVENT_S = 1.0
"""Seconds between two looks at which nodes there are."""


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
        pool: The workers, actors of the class `EmbeddingActor`.
        results: Where results are kept, as seen from here.
        batch_size: Sounds in a batch at most.
        done: Called with the number of jobs that were dealt with.
        tell: Called with one line, and the error if it is one.
        counts: Is kept up to date, and returned; None for a new one.

    Raises:
        HearError: If the module cannot be loaded anywhere, or results cannot be written.
    """
    lookers = ThreadPoolExecutor(lookers_for(jobs), thread_name_prefix="hear-looker")
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
        self._pool = pool
        self._results = results
        self._done = done
        self._tell = tell
        self._model: Opened | None = None
        self._ledger: Ledger[Job] = Ledger()
        self._waiting = Waiting(
            jobs, results, self._ledger, batch_size, lookers, counts, done, self._fail
        )

    def run(self) -> None:
        """All of it."""
        patience = time.monotonic() + PATIENCE_S
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
                self._tell(no_worker_yet(), None)

    def _hand_out(self) -> bool:
        """Give work to all workers that can take more; returns whether all is done."""
        for worker in list(self._pool.workers()):
            self._ledger.meet(worker)
            while self._ledger.can_take(worker) and (chunk := self._waiting.chunk(worker)):
                self._pool.ask(worker, self._ledger.give(worker, chunk), "embed", chunk)
        if not (self._ledger.is_idle and self._waiting.is_exhausted):
            return False
        unkept = self._ledger.holders()
        for worker in unkept:
            self._pool.ask(worker, self._ledger.give(worker, []), "flush")
        return not unkept

    def _fail(self, error: HearError) -> None:
        self._tell(str(error), error)
        self.counts.failed += 1
        self._done(1)

    def _take(self, event: Event) -> None:
        """Something that has happened."""
        if event.answer is None:
            self._lost(event)
        elif self._ledger.is_stale(event.worker, event.call):
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
            self._waiting.begin(found)
        elif found.key != self._model.key:
            self._leave(worker, other_model(worker))

    def _refused(self, worker: Worker, why: Refused) -> None:
        """A worker that cannot go on, and so its node."""
        self._leave(worker, f"node {worker.where} is not used: {why.message}", why.error())

    def _leave(self, worker: Worker, line: str, error: HearError | None = None) -> None:
        self._pool.exclude(worker)
        for one in self._ledger.on_node(worker.node):
            self._release(one, is_fault=False)
        if error is not None and self._pool.is_empty:
            raise error
        self._tell(line, error)

    def _report(self, worker: Worker, call: int, report: Report) -> None:
        jobs = self._ledger.answered(worker, call)
        self.counts.spent.add(report.spent)
        self.counts.audio_s += report.audio_s
        for line in report.lines:
            self._tell(line, None)
        for failed in report.failed:
            if self._ledger.settle(worker, failed.name):
                self._fail(failed.error())
        for name in report.kept:
            if self._ledger.settle(worker, name):
                self.counts.embedded += 1
                self._done(1)
        if report.stopped is not None:
            if report.stopped.kind != "LostError":
                raise report.stopped.error()
            self._refused(worker, report.stopped)
        elif not jobs:  # the answer to a flush
            for job in self._ledger.settle_all(worker):
                self._fail(SubmissionError(f"{shown(job.source)}: its result was not kept"))

    def _lost(self, event: Event) -> None:
        """A worker has ended: others get what it held."""
        n_held = self._release(event.worker, is_fault=not event.is_nodes)
        if n_held:
            what = "recording goes" if n_held == 1 else "recordings go"
            line = f"a worker on {event.worker.where} ended: {event.why}; {n_held} {what} to others"
            self._tell(line, None)
        if self._pool.is_empty and self._model is None:
            raise ended_while_loading(event)

    def _release(self, worker: Worker, *, is_fault: bool) -> int:
        """Take back what a worker held; returns how much is to be done again.

        Args:
            worker: The worker, which has ended.
            is_fault: Whether what it was embedding may be the reason.
        """
        held, at_work = self._ledger.release(worker)
        left = list(self._waiting.without_result(held))
        suspected = at_work if is_fault else set()
        self._waiting.returned(sum(job.name not in suspected for job in left))
        for job in self._ledger.again_or_given_up(left, suspected):
            self._fail(
                SubmissionError(
                    f"{shown(job.source)}: two workers ended while they embedded it; skipped"
                )
            )
        return len(left)
