"""The driver: who gets which recordings, and what becomes of them.

A recording is dealt with once its result is kept, not once it is embedded. What a worker held when
it ended goes to others; what has a result by then does not. A recording is skipped if two workers
ended while they embedded it, the second time it alone.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ...errors import HearError, SubmissionError
from ...remote.url import shown
from ..counts import Counts, Tell
from ..jobs import Job
from ..results import Results
from ..standing import lookers_for
from .messages import Opened, Report
from .supervisor import Supervisor
from .waiting import Waiting
from .workers import Pool, Worker

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


class _Driver(Supervisor[Job, Opened]):
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
        super().__init__(pool, tell)
        self.counts = counts
        self._jobs = jobs
        self._results = results
        self._done = done
        self._waiting = Waiting(
            jobs, results, self._ledger, batch_size, lookers, counts, done, self._fail
        )

    def run(self) -> None:
        """All of it."""
        with self.counts.spent.on("checking"):
            self._results.begin(self._jobs)
        while True:
            self._pool.grow()
            if self.model is not None and self._hand_out():
                return
            self._wait(_EVENT_S)

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

    def _is_first(self, found: Opened) -> None:
        self._waiting.begin(found)

    def _answered(self, worker: Worker, call: int, report: Report) -> None:
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

    def _release(self, worker: Worker, *, is_fault: bool) -> int:
        held, at_work = self._ledger.release(worker)
        left = list(self._waiting.without_result(held))
        suspected = at_work if is_fault else set()
        self._waiting.returned(sum(job.name not in suspected for job in left))
        given_up = self._ledger.again_or_given_up(left, suspected)
        for job in given_up:
            self._fail(
                SubmissionError(
                    f"{shown(job.source)}: two workers ended while they embedded it; skipped"
                )
            )
        return len(left) - len(given_up)
