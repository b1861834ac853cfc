"""Which worker holds what, and what is to be done again after one has ended.

Work is called by a name. What a worker held when it ended goes to others. What it was doing at that
moment may be the reason, and is done next by a worker that does nothing else.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from .workers import Worker

_AHEAD = 2
"""Calls that a worker has at once: while it computes for one, it reads for the other."""

_MOST_STRIKES = 2
"""Workers that may end while they do something, before it is given up."""


class Named(Protocol):
    """Work that has a name of its own."""

    @property
    def name(self) -> str:
        """The name."""


T = TypeVar("T", bound=Named)


class Ledger(Generic[T]):
    """Who holds what.

    Attributes:
        again: What workers have lost, to be given to others.
        suspects: What workers did when they ended, to be given to others alone.
    """

    def __init__(self) -> None:
        self.again: deque[T] = deque()
        self.suspects: deque[T] = deque()
        self._strikes: Counter[str] = Counter()
        self._n_calls = 0
        self._calls: dict[Worker, dict[int, list[T]]] = {}
        self._alone: set[Worker] = set()
        self._held: dict[Worker, dict[str, T]] = {}

    def meet(self, worker: Worker) -> None:
        """Count a worker among those that are there."""
        self._calls.setdefault(worker, {})

    @property
    def n_workers(self) -> int:
        """Workers that are there."""
        return len(self._calls)

    @property
    def is_idle(self) -> bool:
        """Whether nobody does anything, and nothing is to be done again."""
        return not (any(self._calls.values()) or self.suspects or self.again)

    def on_node(self, node: str) -> list[Worker]:
        """Workers of a node."""
        return [worker for worker in self._calls if worker.node == node]

    def can_take(self, worker: Worker) -> bool:
        """Whether a worker is to get more work."""
        return len(self._calls[worker]) < _AHEAD and worker not in self._alone

    def suspect_for(self, worker: Worker) -> list[T]:
        """A suspect, which the worker does alone; nothing as long as it does something else."""
        # So that it is known which one is at fault, and no other one loses its worker.
        if self._calls[worker]:
            return []
        self._alone.add(worker)
        return [self.suspects.popleft()]

    def give(self, worker: Worker, work: Sequence[T]) -> int:
        """Note a call; returns its number, which is not 0."""
        self._n_calls += 1
        self._calls[worker][self._n_calls] = list(work)
        self._held.setdefault(worker, {}).update((one.name, one) for one in work)
        return self._n_calls

    def is_stale(self, worker: Worker, call: int) -> bool:
        """Whether an answer is of a worker that was left meanwhile; others have its work."""
        return bool(call) and call not in self._calls.get(worker, {})

    def answered(self, worker: Worker, call: int) -> list[T]:
        """Note that a call has ended; returns what it was given."""
        self._alone.discard(worker)
        return self._calls[worker].pop(call)

    def settle(self, worker: Worker, name: str) -> bool:
        """Note that something is dealt with; returns whether the worker held it."""
        return self._held.setdefault(worker, {}).pop(name, None) is not None

    def settle_all(self, worker: Worker) -> list[T]:
        """Note that everything is dealt with that a worker held; returns that."""
        return list(self._held.pop(worker, {}).values())

    def holders(self) -> list[Worker]:
        """Workers that hold something."""
        return [worker for worker, held in self._held.items() if held]

    def release(self, worker: Worker) -> tuple[list[T], set[str]]:
        """Forget a worker that has ended; returns what it held, and the names it was at."""
        held = self._held.pop(worker, {})
        calls = self._calls.pop(worker, {})
        self._alone.discard(worker)
        return list(held.values()), {one.name for work in calls.values() for one in work}

    def suspect(self, work: T) -> None:
        """Have something done alone that is part of what has ended workers."""
        self._strikes[work.name] = _MOST_STRIKES - 1
        self.suspects.append(work)

    def again_or_given_up(self, work: Iterable[T], at_fault: set[str]) -> list[T]:
        """Have done again what a worker has lost.

        Args:
            work: What it has lost.
            at_fault: Names of what may be the reason.

        Returns:
            What is given up, since several workers ended while they did it.
        """
        given_up = []
        for one in work:
            if one.name not in at_fault:
                self.again.append(one)
                continue
            self._strikes[one.name] += 1
            if self._strikes[one.name] < _MOST_STRIKES:
                self.suspects.append(one)
            else:
                given_up.append(one)
        return given_up
