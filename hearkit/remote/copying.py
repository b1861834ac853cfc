"""Recordings are copied from their stores ahead of when they are read, in bounded space."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from .copies import Copy, copied
from .facts import size_in
from .url import Place, Url

_FETCHERS = 16
"""Threads; each waits for the network for most of the time."""

_AHEAD, _AHEAD_BYTES = 64, 1 << 30
"""Copies made before they are needed, and their bytes on the disk; a larger one is made alone."""


_UNKNOWN_BYTES = 128 << 20
"""Bytes that an object is taken to have that was not asked for its size."""


class Wanted(Protocol):
    """Something that is read from a place."""

    @property
    def source(self) -> Place:
        """The place."""

    @property
    def state(self) -> str:
        """What its store told of it; "" if it was not asked."""


Job = TypeVar("Job", bound=Wanted)


def _bytes_of(job: Wanted) -> int:
    return size_in(job.state) if job.state else _UNKNOWN_BYTES


class Copying(Generic[Job]):
    """A context in which recordings are copied before they are needed; no copy stays."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="hear-fetcher")
        self._copies: set[Future[Copy]] = set()

    def __enter__(self) -> Copying[Job]:
        """See the class."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what was not used."""
        self._pool.shutdown(cancel_futures=True)
        for copy in list(self._copies):
            if not copy.cancelled() and copy.exception() is None:
                copy.result().close()

    def near(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Future[Copy] | None]]:
        """Jobs in their order, with the copies of those that are elsewhere.

        A copy is there, or has failed, when its job is given.
        """
        ahead: deque[tuple[Job, Future[Copy] | None]] = deque()
        n_bytes = 0
        for job in jobs:
            source = job.source
            copy = None
            if isinstance(source, Url):
                copy = self._pool.submit(copied, source, job.state)
                self._copies.add(copy)
                n_bytes += _bytes_of(job)
            ahead.append((job, copy))
            # In a row of local files nothing is waited for.
            while ahead and (ahead[0][1] is None or len(ahead) > _AHEAD or n_bytes > _AHEAD_BYTES):
                n_bytes -= _bytes_of(ahead[0][0]) if ahead[0][1] is not None else 0
                yield self._waited(*ahead.popleft())
        while ahead:
            yield self._waited(*ahead.popleft())

    def used(self, copy: Future[Copy]) -> None:
        """Remove a copy that was read."""
        self._copies.discard(copy)
        if copy.exception() is None:
            copy.result().close()

    def _waited(self, job: Job, copy: Future[Copy] | None) -> tuple[Job, Future[Copy] | None]:
        if copy is not None:
            copy.exception()
        return job, copy
