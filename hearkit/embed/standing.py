"""Which recordings have a current result, found with as little reading as that takes.

A result names the recording's contents, and the size and times that it had. Where these are as
they were, nothing of the recording is read; where they are not, its contents decide.

What is there is looked at while the model is loaded; whether that is current only its key tells.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from ..audio.kinds import shown
from ..errors import HearError, UnwritableError
from ..files import digest
from . import archive, store
from .jobs import Job
from .key import Later
from .origin import Origin, contents_of, place_of, state_of


@dataclass(frozen=True)
class Standing:
    """What there is of a job.

    Attributes:
        is_current: Whether its result needs not be made.
        error: Why it cannot be made.
    """

    is_current: bool = False
    error: HearError | None = None


@dataclass(frozen=True)
class Seen:
    """What was found of a job before the model was known.

    Attributes:
        found: What is at its result's place.
        state: The size and times of its recording, see `state_of`; "" where it is gone.
    """

    found: archive.Found
    state: str


_LOOKERS = 4
"""Threads: on a disk in a network, they wait for most of the time."""

_MOST_IN_LOOK = 64
"""Jobs that a thread looks at before it takes others: to hand one over takes as long as a look."""


_MOST_LOOKED_AT = 1 << 15
"""Jobs that are looked at ahead, of however many there are: what is seen of them takes 30 MB."""


@contextmanager
def looking(jobs: Sequence[Job]) -> Iterator[Iterator[Seen]]:
    """A context in which jobs are looked at, in their order, by threads of their own."""
    size = max(1, min(_MOST_IN_LOOK, len(jobs) // (4 * _LOOKERS)))
    parts = (jobs[start : start + size] for start in range(0, len(jobs), size))
    pool = ThreadPoolExecutor(_LOOKERS, thread_name_prefix="hear-looker")
    ahead = deque(pool.submit(_look, part) for part in islice(parts, _MOST_LOOKED_AT // size))

    def seen() -> Iterator[Seen]:
        while ahead:
            first = ahead.popleft().result()
            ahead.extend(pool.submit(_look, part) for part in islice(parts, 1))
            yield from first

    try:
        yield seen()
    finally:
        pool.shutdown(cancel_futures=True)


def _look(jobs: Sequence[Job]) -> list[Seen]:
    return [Seen(archive.look(job.output), _state(job)) for job in jobs]


def _state(job: Job) -> str:
    try:
        return state_of(job.source)
    except OSError:  # which file and why is told when it is read
        return ""


def standing_of(key: str, place_now: Callable[[Later], str]) -> Callable[[Job, Seen], Standing]:
    """A function that tells how a job stands, by what was seen of it.

    Args:
        key: The model's, `Embedder.key`.
        place_now: Where a file is now that a call has read.
    """
    contents_now = cache(_contents_now)

    def are_there(later: Iterable[Later]) -> bool:
        return all(contents_now(place_now(one)) == one.digest for one in later)

    def standing(job: Job, seen: Seen) -> Standing:
        found, state = seen.found, seen.state
        there = found.origin
        if not state:
            return Standing()
        try:
            if there is None:
                if found.foreign:
                    store.refuse_others(job.output, found, Origin("", "", "", ""))
                return Standing()
            if there.state == state:
                contents = there.contents
            elif there.contents or there.place != place_of(job.source):
                contents = contents_of(job.source)
            else:
                return Standing()
            now = Origin.of(key, contents, job.source, state, there.later)
            if not contents or now.fingerprint != there.fingerprint:
                store.refuse_others(job.output, found, now)
                return Standing()
            if not (are_there(there.later) and _is_whole(job, found)):
                return Standing()
        except UnwritableError as error:
            return Standing(error=UnwritableError(f"{shown(job.source)}: {error}"))
        except OSError:  # which file and why is told when it is read
            return Standing()
        if now != there:
            store.renew(job.output, now)
        return Standing(is_current=True)

    return standing


def _is_whole(job: Job, found: archive.Found) -> bool:
    return archive.is_whole(job.output) if found.is_whole is None else found.is_whole


def _contents_now(place: str) -> str:
    try:
        return digest(Path(place))
    except OSError:
        return ""
