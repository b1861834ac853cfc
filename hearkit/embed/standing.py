"""Which recordings have a current result, found with as little reading as that takes.

A result names the recording's contents, and the size and times that it had. Where these are as
they were, nothing of the recording is read; where they are not, its contents decide.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from ..audio.kinds import shown
from ..errors import HearError, UnwritableError
from ..files import digest
from . import store
from .jobs import Job
from .key import Later
from .origin import Origin, contents_of, place_of, state_of
from .results import NpzFiles, Results

_LOOKS, _LOOKS_AHEAD = 32, 8
"""Results that a thread looks at, one after the other, and how many times so many are looked at
ahead."""


@dataclass(frozen=True)
class Standing:
    """What there is of a job.

    Attributes:
        is_current: Whether its result needs not be made.
        error: Why it cannot be made.
    """

    is_current: bool = False
    error: HearError | None = None


def standing_of(
    key: str, place_now: Callable[[Later], str], results: Results | None = None
) -> Callable[[Job], Standing]:
    """A function that looks at a job.

    Args:
        key: The model's, `Embedder.key`.
        place_now: Where a file is now that a call has read.
        results: Where results are kept; None for a file each.
    """
    kept = results or NpzFiles()
    contents_now = cache(_contents_now)

    def are_there(later: Iterable[Later]) -> bool:
        return all(contents_now(place_now(one)) == one.digest for one in later)

    def standing(job: Job) -> Standing:
        found = kept.look(job)
        there = found.origin
        try:
            state = state_of(job.source)
            if there is None:
                if found.is_foreign:
                    store.refuse_others(kept.place(job), found, Origin("", "", "", ""))
                return Standing()
            if there.state == state:
                contents = there.contents
            elif there.contents or there.place != place_of(job.source):
                contents = contents_of(job.source)
            else:
                return Standing()
            now = Origin.of(key, contents, job.source, state, there.later)
            if not contents or now.fingerprint != there.fingerprint:
                store.refuse_others(kept.place(job), found, now)
                return Standing()
            if not (are_there(there.later) and kept.is_whole(job)):
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
    jobs: Iterable[Job], look: Callable[[Job], Standing], readers: ThreadPoolExecutor
) -> Iterator[tuple[Job, Standing]]:
    """Jobs with their standing; looked at a bounded number ahead, of however many there are."""

    def looked(some: list[Job]) -> list[tuple[Job, Standing]]:
        return [(job, look(job)) for job in some]

    left = iter(jobs)
    ahead: deque[Future[list[tuple[Job, Standing]]]] = deque()
    # Handing over a single look to a thread takes longer than many a look.
    while some := list(islice(left, _LOOKS)):
        ahead.append(readers.submit(looked, some))
        if len(ahead) > _LOOKS_AHEAD:
            yield from ahead.popleft().result()
    while ahead:
        yield from ahead.popleft().result()
