"""The desk: batches come from the threads of several tasks, and go to the actors of one model.

One thread, the run's, talks to Ray; others wait for their answers. A batch whose actor ends is
embedded again as it was. If that ends another actor, its recordings are embedded one by one, each
alone, and the one that ends a third is given up and said.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Literal

from ...embed.spread.messages import Refused
from ...embed.spread.supervisor import Supervisor
from ...embed.spread.workers import Pool, Worker
from ...errors import HearError, LostError
from ..embeddings.clips import Clips, Part
from .actor import OpenedModel, Rows

_EVENT_S = 0.1
"""Seconds between two looks at what is asked."""

Method = Literal["embed", "most_at_once"]


@dataclass(frozen=True)
class _Asked:
    """A question to an actor."""

    name: str
    method: Method
    clips: Clips
    answer: Future[Any] = field(compare=False)


class Desk(Supervisor[_Asked, OpenedModel]):
    """Hands out batches, and brings answers.

    Args:
        pool: Actors of the class `ClipActor`.
        tell: Takes a line on something that the user should know, and the error if it is one.
    """

    def __init__(self, pool: Pool, tell: Callable[[str, HearError | None], None]) -> None:
        super().__init__(pool, tell)
        self._new: SimpleQueue[_Asked] = SimpleQueue()
        self._open: dict[str, _Asked] = {}
        self._queue: deque[_Asked] = deque()
        self._names = map(str, itertools.count())
        self._lock = threading.Lock()
        self._ended: HearError | None = None

    def ask(self, method: Method, clips: Clips) -> Future[Any]:
        """Ask any actor; the answer is `Rows`, or a number. For all threads."""
        asked = _Asked(next(self._names), method, clips, Future())
        with self._lock:
            if self._ended is None:
                self._new.put(asked)
            else:
                asked.answer.set_exception(self._ended)
        return asked.answer

    @property
    def n_workers(self) -> int:
        """Actors that are there."""
        return self._ledger.n_workers

    def run(self, is_done: Callable[[], bool]) -> None:
        """Work until a condition holds; for the thread of the run.

        Raises:
            HearError: If the module cannot be loaded anywhere, or no node is left. All that is
                asked then has this error for an answer, now and later.
        """
        try:
            while not is_done():
                self._pool.grow()
                self._hand_out()
                self._wait(_EVENT_S)
        except BaseException as error:
            self.close(error if isinstance(error, HearError) else None)
            raise

    def close(self, error: HearError | None = None) -> None:
        """Answer all that is asked, now and later, that there is no answer.

        Threads cannot be interrupted, but they can be told.

        Args:
            error: Why; None for an end of the run.
        """
        reason = error or LostError("the run has ended")
        with self._lock:
            self._ended = self._ended or reason
        self._look_at_new()
        for asked in list(self._open.values()):
            with contextlib.suppress(InvalidStateError):
                asked.answer.set_exception(reason)

    def _look_at_new(self) -> None:
        while True:
            try:
                asked = self._new.get_nowait()
            except Empty:
                return
            self._open[asked.name] = asked
            self._queue.append(asked)

    def _hand_out(self) -> None:
        self._look_at_new()
        if self.model is None:
            return
        for worker in list(self._pool.workers()):
            self._ledger.meet(worker)
            while self._ledger.can_take(worker) and (some := self._next(worker)):
                call = self._ledger.give(worker, some)
                self._pool.ask(worker, call, some[0].method, some[0].clips)

    def _next(self, worker: Worker) -> list[_Asked]:
        if self._ledger.suspects:
            return self._ledger.suspect_for(worker)
        for queue in (self._ledger.again, self._queue):
            while queue:
                asked = queue.popleft()
                if not asked.answer.cancelled():
                    return [asked]
                self._open.pop(asked.name, None)
        return []

    def _answered(self, worker: Worker, call: int, answer: Rows | int | Refused) -> None:
        (asked,) = self._ledger.answered(worker, call)
        self._ledger.settle(worker, asked.name)
        self._answer(asked, answer)

    def _answer(self, asked: _Asked, answer: Any) -> None:
        self._open.pop(asked.name, None)
        with contextlib.suppress(InvalidStateError):  # it is no longer wanted
            if isinstance(answer, Refused):
                asked.answer.set_exception(answer.error())
            else:
                asked.answer.set_result(answer)

    def _release(self, worker: Worker, *, is_fault: bool) -> int:
        held, at_work = self._ledger.release(worker)
        n = sum(len(asked.clips.paths) for asked in held)
        for asked in self._ledger.again_or_given_up(held, at_work if is_fault else set()):
            n -= self._given_up(asked)
        return n

    def _given_up(self, asked: _Asked) -> int:
        """What has ended two actors is done recording by recording; returns what is not done."""
        clips = asked.clips
        if asked.method == "most_at_once":
            self._answer(asked, 1)  # which recording is at fault is found on the way
            return 1
        if len(clips.paths) == 1:
            line = f"{clips.files[0]}: several workers ended while they embedded it"
            self._answer(asked, Rows([], [line]))
            return 1
        self._singly(asked)
        return 0

    def _singly(self, asked: _Asked) -> None:
        n = len(asked.clips.paths)
        found: dict[int, Rows] = {}

        def gather(at: int, answer: Future[Any]) -> None:
            if (error := answer.exception()) is not None:
                with contextlib.suppress(InvalidStateError):
                    asked.answer.set_exception(error)
                return
            found[at] = answer.result()
            if len(found) == n:
                self._answer(asked, _together([found[at] for at in range(n)]))

        for at in range(n):
            single = _Asked(next(self._names), "embed", asked.clips.single(at), Future())
            single.answer.add_done_callback(partial(gather, at))
            self._open[single.name] = single
            self._ledger.suspect(single)


def _together(answers: list[Rows]) -> Rows:
    """The answers to single recordings as that to a batch."""
    parts = [
        Part([at], part.embeddings, part.timestamps)
        for at, answer in enumerate(answers)
        for part in answer.parts
    ]
    failures = [line for answer in answers for line in answer.failures]
    later = dict.fromkeys(one for answer in answers for one in answer.later)
    return Rows(parts, failures, tuple(later))
