"""Which recordings have a current result, found with as little reading as that takes.

A result names the recording's contents, and the size and times that it had. Where these are as
they were, nothing of the recording is read; where they are not, its contents decide.

What is there is looked at while the model is loaded; whether that is current only its key tells.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Protocol

from ..errors import HearError, UnwritableError
from ..files import digest
from ..remote.url import Url, is_url, shown
from . import archive, store
from .jobs import Job
from .key import Later
from .origin import Origin, contents_of, place_of, state_of
from .results import NpzFiles, Results


@dataclass(frozen=True)
class Standing:
    """What there is of a job.

    Attributes:
        is_current: Whether its result needs not be made.
        error: Why it cannot be made.
        state: What was seen of its recording, see `Seen`.
    """

    is_current: bool = False
    error: HearError | None = None
    state: str = ""


@dataclass(frozen=True)
class Seen:
    """What was found of a job before the model was known.

    Attributes:
        found: What is at its result's place.
        state: The size and times of its recording, see `state_of`; "" where it is gone.
    """

    found: archive.Found
    state: str


class Judge(Protocol):
    """Tells how a job stands, see `standing_of`."""

    def __call__(self, job: Job, seen: Seen | None = None) -> Standing:
        """By what was seen of it; None to look now."""


_LOOKERS, _LOOKERS_FAR = 4, 32
"""Threads: on a disk in a network, they wait for most of the time. At a store, a look is a request
or two."""

_MOST_IN_LOOK = 64
"""Jobs that a thread looks at before it takes others: to hand one over takes as long as a look."""

_UNKNOWN = " ?"
"""The end of a state that says nothing, see `remote.store.UNKNOWN`."""

_MOST_LOOKED_AT = 1 << 15
"""Jobs that are looked at ahead, of however many there are: what is seen of them takes 30 MB."""

_JUDGED, _JUDGED_AHEAD = 32, 8
"""Jobs that a thread judges, one after the other, and how many times so many are judged ahead."""


@contextmanager
def looking(jobs: Sequence[Job], results: Results | None = None) -> Iterator[Iterator[Seen]]:
    """A context in which jobs are looked at, in their order, by threads of their own.

    Args:
        jobs: The jobs.
        results: Where results are kept; None for a file each.
    """
    results = results or NpzFiles()
    results.begin(jobs)
    look = partial(_look, results)
    n_lookers = lookers_for(jobs)
    size = max(1, min(_MOST_IN_LOOK, len(jobs) // (4 * n_lookers)))
    parts = (jobs[start : start + size] for start in range(0, len(jobs), size))
    most = max(1, _MOST_LOOKED_AT // size)
    pool = ThreadPoolExecutor(n_lookers, thread_name_prefix="hear-looker")
    ahead = deque(pool.submit(look, part) for part in itertools.islice(parts, most))

    def seen() -> Iterator[Seen]:
        while ahead:
            first = ahead.popleft().result()
            ahead.extend(pool.submit(look, part) for part in itertools.islice(parts, 1))
            yield from first

    try:
        yield seen()
    finally:
        pool.shutdown(cancel_futures=True)


def lookers_for(jobs: Sequence[Job]) -> int:
    """How many threads look at jobs: more if recordings or results are at a store."""
    is_far = bool(jobs) and isinstance(jobs[0].folder, Url)
    return _LOOKERS_FAR if is_far or any(is_url(job.given) for job in jobs) else _LOOKERS


def _look(results: Results, jobs: Sequence[Job]) -> list[Seen]:
    return [Seen(results.look(job), job.state or _state(job)) for job in jobs]


def _state(job: Job) -> str:
    try:
        return state_of(job.source)
    except OSError:  # which file and why is told when it is read
        return ""


def standing_of(
    key: str, place_now: Callable[[Later], str], results: Results | None = None
) -> Judge:
    """A function that tells how a job stands, by what was seen of it.

    Args:
        key: The model's, `Embedder.key`.
        place_now: Where a file is now that a call has read.
        results: Where results are kept; None for a file each.
    """
    kept = results or NpzFiles()
    contents_now = cache(_contents_now)

    def are_there(later: Iterable[Later]) -> bool:
        return all(contents_now(place_now(one)) == one.digest for one in later)

    def standing(job: Job, seen: Seen | None = None) -> Standing:
        if seen is None:
            (seen,) = _look(kept, [job])
        return replace(judged(job, seen), state=seen.state)

    def judged(job: Job, seen: Seen) -> Standing:
        found, state = seen.found, seen.state
        there = found.origin
        if not state:
            return Standing()
        try:
            if there is None:
                if found.foreign:
                    store.refuse_others(kept.place(job), found, Origin("", "", "", ""))
                return Standing()
            if there.state == state and not state.endswith(_UNKNOWN):
                contents = there.contents
            elif there.contents or there.place != place_of(job.source):
                contents = contents_of(job.source)
            else:
                return Standing()
            now = Origin.of(key, contents, job.source, state, there.later)
            if not contents or now.fingerprint != there.fingerprint:
                store.refuse_others(kept.place(job), found, now)
                return Standing()
            if not (are_there(there.later) and kept.is_whole(job, found)):
                return Standing()
        except UnwritableError as error:
            return Standing(error=UnwritableError(f"{shown(job.source)}: {error}"))
        except OSError:  # which file and why is told when it is read
            return Standing()
        if now != there:
            kept.renew(job, now)
        return Standing(is_current=True)

    return standing


def _contents_now(place: str) -> str:
    try:
        return digest(Path(place))
    except OSError:
        return ""


def in_order(
    jobs: Iterable[Job],
    judge: Judge,
    readers: ThreadPoolExecutor,
    looked: Iterable[Seen | None] = (),
) -> Iterator[tuple[Job, Standing]]:
    """Jobs with their standing; judged a bounded number ahead, of however many there are.

    Args:
        jobs: The jobs.
        judge: Tells how they stand.
        readers: Threads that do so.
        looked: What was seen of each; empty to look now.
    """

    def judged(some: list[tuple[Job, Seen | None]]) -> list[tuple[Job, Standing]]:
        found = [(job, judge(job, seen)) for job, seen in some]
        return [(job.seen(standing.state), standing) for job, standing in found]

    left = zip(jobs, itertools.chain(looked, itertools.repeat(None)))  # noqa: B905 - no end
    ahead: deque[Future[list[tuple[Job, Standing]]]] = deque()
    # Handing over a single job to a thread takes longer than judging many a one.
    while some := list(itertools.islice(left, _JUDGED)):
        ahead.append(readers.submit(judged, some))
        if len(ahead) > _JUDGED_AHEAD:
            yield from ahead.popleft().result()
    while ahead:
        yield from ahead.popleft().result()
