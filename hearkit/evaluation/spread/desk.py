"""The desk: batches come from the threads of several tasks, and go to the actors of one model.

One thread, the run's, talks to Ray; others wait for their answers. A batch whose actor ends is
embedded again as it was. If that ends another actor, its recordings are embedded one by one, each
alone, and the one that ends a third is given up and said.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Literal

from ...embed.spread.ledger import Ledger
from ...embed.spread.messages import Refused
from ...embed.spread.workers import (
    PATIENCE_S,
    Event,
    Pool,
    Worker,
    ended_while_loading,
    no_worker_yet,
    other_model,
)
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


class Desk:
    """Hands out batches, and brings answers.

    Args:
        pool: Actors of the class `ClipActor`.
        tell: Takes a line on something that the user should know, and the error if it is one.

    Attributes:
        model: What the first actor has loaded; None before.
    """

    def __init__(self, pool: Pool, tell: Callable[[str, HearError | None], None]) -> None:
        self.model: OpenedModel | None = None
        self._pool = pool
        self._tell = tell
        self._ledger: Ledger[_Asked] = Ledger()
        self._new: SimpleQueue[_Asked] = SimpleQueue()
        self._open: dict[str, _Asked] = {}
        self._queue: deque[_Asked] = deque()
        self._names = map(str, itertools.count())
        self._lock = threading.Lock()
        self._ended: HearError | None = None
        self._patience = time.monotonic() + PATIENCE_S

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
                for event in self._pool.events(_EVENT_S):
                    self._take(event)
                if self.model is None and self._patience and time.monotonic() > self._patience:
                    self._patience = 0.0
                    self._tell(no_worker_yet(), None)
        except BaseException as error:
            self._end(error)
            raise

    def _end(self, error: BaseException) -> None:
        # Threads cannot be interrupted, but they can be told that there is no answer.
        reason = error if isinstance(error, HearError) else LostError("the run has ended")
        with self._lock:
            self._ended = reason
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

    def _take(self, event: Event) -> None:
        """Something that has happened."""
        worker, answer = event.worker, event.answer
        if answer is None:
            self._lost(event)
        elif self._ledger.is_stale(worker, event.call):
            return
        elif isinstance(answer, OpenedModel):
            self._opened(worker, answer)
        elif event.call == 0 or (isinstance(answer, Refused) and answer.kind == "LostError"):
            self._leave(
                worker, f"node {worker.where} is not used: {answer.message}", answer.error()
            )
        else:
            (asked,) = self._ledger.answered(worker, event.call)
            self._ledger.settle(worker, asked.name)
            self._answer(asked, answer)

    def _opened(self, worker: Worker, found: OpenedModel) -> None:
        if self.model is None:
            self.model = found
        elif found.key != self.model.key:
            self._leave(worker, other_model(worker))

    def _answer(self, asked: _Asked, answer: Any) -> None:
        self._open.pop(asked.name, None)
        with contextlib.suppress(InvalidStateError):  # it is no longer wanted
            if isinstance(answer, Refused):
                asked.answer.set_exception(answer.error())
            else:
                asked.answer.set_result(answer)

    def _leave(self, worker: Worker, line: str, error: HearError | None = None) -> None:
        self._pool.exclude(worker)
        for one in self._ledger.on_node(worker.node):
            self._release(one, is_fault=False)
        if error is not None and self._pool.is_empty:
            raise error
        self._tell(line, error)

    def _lost(self, event: Event) -> None:
        """An actor has ended: others get what it held."""
        held = self._release(event.worker, is_fault=not event.is_nodes)
        if held:
            n = sum(len(asked.clips.paths) for asked in held)
            what = "recording goes" if n == 1 else "recordings go"
            line = f"a worker on {event.worker.where} ended: {event.why}; {n} {what} to others"
            self._tell(line, None)
        if self._pool.is_empty and self.model is None:
            raise ended_while_loading(event)

    def _release(self, worker: Worker, *, is_fault: bool) -> list[_Asked]:
        """Take back what an actor held.

        Args:
            worker: The actor, which has ended.
            is_fault: Whether what it was embedding may be the reason.
        """
        held, at_work = self._ledger.release(worker)
        for asked in self._ledger.again_or_given_up(held, at_work if is_fault else set()):
            self._give_up(asked)
        return held

    def _give_up(self, asked: _Asked) -> None:
        """What has ended two actors is done recording by recording, or not at all."""
        clips = asked.clips
        if asked.method == "most_at_once":
            self._answer(asked, 1)  # which recording is at fault is found on the way
        elif len(clips.paths) == 1:
            line = f"{clips.files[0]}: several workers ended while they embedded it"
            self._answer(asked, Rows([], [line]))
        else:
            self._singly(asked)

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
