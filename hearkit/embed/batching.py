"""Sounds wait for others of their length, with which they are embedded together.

Only sounds of one length share a batch: padding would be embedded too and change the result.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import HearError
from .jobs import Job
from .model import Embedded
from .reading import Loaded

BATCH_S = 120.0
"""Seconds of audio in a batch at most, so that the results' memory stays bounded."""

WAITING_S = 600.0
"""Seconds of audio that wait for others of their length."""


@dataclass(frozen=True, eq=False)
class Caller:
    """Who has read a sound, and is told what becomes of it.

    Attributes:
        embedded: Takes a sound with its embeddings.
        failed: Takes a job that has failed, and why.
    """

    embedded: Callable[[Loaded, Embedded], None]
    failed: Callable[[Job, HearError], None]


@dataclass(frozen=True)
class Waiting:
    """A sound that waits.

    Attributes:
        one: The sound.
        caller: Who is told of it.
    """

    one: Loaded
    caller: Caller

    @property
    def seconds(self) -> float:
        """Its length in seconds."""
        return self.one.sound.duration_s


class Batches:
    """Sounds that wait, of one caller or of several at once.

    Args:
        batch_size: Sounds in a batch at most.

    Attributes:
        turn: Held by whoever takes a batch, until its sounds' callers were told. So there is one
            batch at a time, and what comes meanwhile joins what waits.
    """

    def __init__(self, batch_size: int) -> None:
        self.turn = threading.Lock()
        self._size = batch_size
        self._lock = threading.Lock()
        self._groups: dict[int, list[Waiting]] = {}
        self._full: set[int] = set()
        self._seconds = 0.0
        self._of: Counter[Caller] = Counter()

    def add(self, waiting: Waiting) -> None:
        """Have a sound wait."""
        length = len(waiting.one.sound.audio)
        with self._lock:
            group = self._groups.setdefault(length, [])
            group.append(waiting)
            if len(group) >= self._most(waiting):
                self._full.add(length)
            self._seconds += waiting.seconds
            self._of[waiting.caller] += 1

    @property
    def is_ready(self) -> bool:
        """Whether a batch is full, or too much waits."""
        return bool(self._full) or self._seconds > WAITING_S

    def ready(self) -> list[Waiting]:
        """A full batch, or the one that has waited longest if too much waits; otherwise nothing."""
        with self._lock:
            if not self.is_ready:
                return []
            return self._take(next(iter(self._full)) if self._full else self._longest())

    def last(self, caller: Caller) -> list[Waiting]:
        """The batch that has waited longest, if any sound of a caller waits; otherwise nothing."""
        with self._lock:
            return self._take(self._longest()) if self._of[caller] else []

    @contextmanager
    def with_caller(self, caller: Caller) -> Iterator[None]:
        """A context after which nobody waits for a caller's sounds, though an error ended it."""
        try:
            yield
        except BaseException:
            with self.turn, self._lock:
                for length in list(self._groups):
                    group = self._groups[length]
                    self._replace(length, [one for one in group if one.caller is not caller])
            raise

    def _most(self, waiting: Waiting) -> int:
        # A sound that is longer than a batch may be is a batch of its own.
        return max(1, min(self._size, int(BATCH_S // waiting.seconds)))

    def _longest(self) -> int:
        return next(iter(self._groups))

    def _take(self, length: int) -> list[Waiting]:
        group = self._groups[length]
        most = self._most(group[0])
        # There are more than fit if they came before this batch had its turn.
        self._replace(length, group[most:])
        return group[:most]

    def _replace(self, length: int, left: list[Waiting]) -> None:
        """Have only some of a group wait, as if they had come just now."""
        before = self._groups.pop(length)
        self._full.discard(length)
        if left:
            self._groups[length] = left
            if len(left) >= self._most(left[0]):
                self._full.add(length)
        for waiting, count in ((before, -1), (left, 1)):
            self._seconds += count * sum(one.seconds for one in waiting)
            for one in waiting:
                self._of[one.caller] += count
                if not self._of[one.caller]:
                    del self._of[one.caller]
        if not self._groups:
            self._seconds = 0.0  # without what sums leave
