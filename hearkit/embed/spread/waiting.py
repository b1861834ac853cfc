"""Which recordings are still to be embedded, and how many of them a worker is given at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ...errors import HearError
from ..counts import Counts
from ..jobs import Job
from ..key import place_now
from ..results import Results
from ..standing import Judge, in_order, standing_of
from .ledger import Ledger
from .messages import Opened
from .workers import Worker

_MOST_JOBS = 64
"""Recordings in a call at most; so many a worker loses at once."""

_MOST_BYTES = 64 << 20
"""Bytes of their files at most, but for one that is larger."""

_SHARES = 4
"""Calls that the rest is divided into for each worker, so that all end at about the same time."""


class Waiting:
    """The recordings that nobody has been given yet.

    Args:
        jobs: All recordings.
        results: Where results are kept, as seen from here.
        ledger: Who holds what.
        batch_size: Sounds in a batch at most.
        lookers: Threads that look at results.
        counts: Is told what is there, and the time that looking takes.
        done: Called with the number of jobs that are dealt with.
        fail: Called with the error of a job that cannot be done.

    Attributes:
        is_exhausted: Whether all recordings were given or are dealt with.
    """

    def __init__(
        self,
        jobs: list[Job],
        results: Results,
        ledger: Ledger[Job],
        batch_size: int,
        lookers: ThreadPoolExecutor,
        counts: Counts,
        done: Callable[[int], None],
        fail: Callable[[HearError], None],
    ) -> None:
        self._jobs = jobs
        self._results = results
        self._ledger = ledger
        self._batch_size = batch_size
        self._lookers = lookers
        self._counts = counts
        self._done = done
        self._fail = fail
        self._n_left = len(jobs)
        self._model: Opened | None = None
        self._todo: Iterator[Job] = iter(())
        self.is_exhausted = False

    def begin(self, model: Opened) -> None:
        """Look at results from now on: which of them are current, the model tells."""
        self._model = model
        self._todo = self._to_do()

    def chunk(self, worker: Worker) -> list[Job]:
        """The next recordings for a worker; none where it has to wait or nothing is left."""
        if self._ledger.suspects:
            return self._ledger.suspect_for(worker)
        n_workers = max(1, self._ledger.n_workers)
        share = self._n_left // (_SHARES * n_workers)
        most = max(min(share, _MOST_JOBS), min(self._batch_size, _MOST_JOBS))
        chunk: list[Job] = []
        n_bytes = 0
        while len(chunk) < most and n_bytes < _MOST_BYTES and (job := self._next()) is not None:
            chunk.append(job)
            with contextlib.suppress(OSError):
                n_bytes += job.n_bytes()
        return chunk

    def returned(self, n_jobs: int) -> None:
        """So many recordings that were given wait for somebody again."""
        self._n_left += n_jobs

    def _next(self) -> Job | None:
        if self._ledger.again:
            self._n_left -= 1
            return self._ledger.again.popleft()
        with self._counts.spent.on("checking"):
            job = next(self._todo, None)
        if job is None:
            self.is_exhausted = True
        else:
            self._n_left -= 1
        return job

    def _to_do(self) -> Iterator[Job]:
        """The jobs without a current result; looked at as they are needed."""
        for job, found in in_order(self._jobs, self._judge(), self._lookers):
            if found.is_current:
                self._counts.current += 1
                self._n_left -= 1
                self._done(1)
            elif found.error is not None:
                self._n_left -= 1
                self._fail(found.error)
            else:
                yield job

    def without_result(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """Those that a worker has not finished before it ended."""
        jobs = list(jobs)
        if not jobs:
            return
        self._results.begin([])
        for job, found in in_order(jobs, self._judge(), self._lookers):
            if found.is_current:
                self._counts.embedded += 1
                self._done(1)
            else:
                yield job

    def _judge(self) -> Judge:
        assert self._model is not None
        where = partial(place_now, places=self._model.places)
        return standing_of(self._model.key, where, self._results)
