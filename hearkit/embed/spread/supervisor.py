"""What every driver does about its workers: wait for them, leave some, replace those that end."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ...errors import HearError
from .ledger import Ledger, Named
from .messages import Opened, Refused
from .workers import (
    PATIENCE_S,
    Event,
    Pool,
    Worker,
    ended_while_loading,
    no_worker_yet,
    other_model,
)

T = TypeVar("T", bound=Named)
M = TypeVar("M", bound=Opened)


class Supervisor(ABC, Generic[T, M]):
    """The workers of one model, and what they hold.

    Args:
        pool: The workers.
        tell: Takes a line on something that the user should know, and the error if it is one.

    Attributes:
        model: What the first worker has loaded; None before.
    """

    def __init__(self, pool: Pool, tell: Callable[[str, HearError | None], None]) -> None:
        self.model: M | None = None
        self._pool = pool
        self._tell = tell
        self._ledger: Ledger[T] = Ledger()
        self._patience = time.monotonic() + PATIENCE_S

    @abstractmethod
    def _answered(self, worker: Worker, call: int, answer: Any) -> None:
        """Take an answer to a call, unless it is that the worker cannot go on."""

    @abstractmethod
    def _release(self, worker: Worker, *, is_fault: bool) -> int:
        """Take back what a worker held that has ended or is left.

        Args:
            worker: The worker.
            is_fault: Whether what it was embedding may be the reason.

        Returns:
            The number of recordings that others get.
        """

    def _is_first(self, found: M) -> None:
        """The model is known from now on."""

    def _wait(self, seconds: float) -> None:
        """Take what has happened; wait so long at most.

        Raises:
            HearError: If the module cannot be loaded anywhere, or no node is left.
        """
        for event in self._pool.events(seconds):
            self._take(event)
        if self.model is None and self._patience and time.monotonic() > self._patience:
            self._patience = 0.0
            self._tell(no_worker_yet(), None)

    def _take(self, event: Event) -> None:
        worker, answer = event.worker, event.answer
        if answer is None:
            self._lost(event)
        elif self._ledger.is_stale(worker, event.call):
            return
        elif isinstance(answer, Opened):
            self._opened(worker, answer)
        elif isinstance(answer, Refused) and (event.call == 0 or answer.kind == "LostError"):
            self._refused(worker, answer)
        else:
            self._answered(worker, event.call, answer)

    def _opened(self, worker: Worker, found: Any) -> None:
        if self.model is None:
            self.model = found
            self._is_first(found)
        elif found.key != self.model.key:
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

    def _lost(self, event: Event) -> None:
        """A worker has ended: others get what it held."""
        n = self._release(event.worker, is_fault=not event.is_nodes)
        if n:
            what = "recording goes" if n == 1 else "recordings go"
            line = f"a worker on {event.worker.where} ended: {event.why}; {n} {what} to others"
            self._tell(line, None)
        if self._pool.is_empty and self.model is None:
            raise ended_while_loading(event)
