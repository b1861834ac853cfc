"""The model of a run as the tasks see it: behind a desk, wherever its actors are."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from typing import Any

from ...embed.key import Later, place_now
from ..embeddings.clips import Clips, Part
from ..embeddings.model import Cap
from .actor import OpenedModel, Rows
from .desk import Desk

_AHEAD = 2
"""Batches that a task has asked for, for each actor: no more rows wait here for the disk."""


class SpreadModel:
    """A model that is loaded by actors; see `embeddings.model.Model`.

    Args:
        opened: What they have loaded.
        desk: Where they are asked.
    """

    cap = Cap(64, 120.0)
    """So many recordings are lost with an actor at most, and rows pass between machines."""

    def __init__(self, opened: OpenedModel, desk: Desk) -> None:
        self._opened = opened
        self._desk = desk
        self._later: dict[tuple[str, str], Later] = {}
        self.name, self.weights, self.key = opened.name, opened.weights, opened.key
        self.sample_rate = opened.sample_rate
        self.scene_size, self.timestamp_size = opened.scene_size, opened.timestamp_size

    @property
    def later(self) -> tuple[Later, ...]:
        """See `Model`; of all actors."""
        return tuple(self._later.values())

    def place_now(self, later: Later) -> str:
        """See `Model`."""
        return place_now(later, self._opened.places)

    def most_at_once(self, clip: Clips) -> int:
        """See `Model`; one actor has tried."""
        return int(self._desk.ask("most_at_once", clip).result())

    def embed(
        self, batches: Sequence[Clips], failures: list[str]
    ) -> Generator[list[Part], None, None]:
        """See `Model`."""
        left = deque(batches)
        asked: deque[Future[Any]] = deque()
        try:
            while left or asked:
                while left and len(asked) < _AHEAD * (self._desk.n_workers + 1):
                    asked.append(self._desk.ask("embed", left.popleft()))
                rows: Rows = asked.popleft().result()
                failures += rows.failures
                self._later |= {(one.role, one.place): one for one in rows.later}
                yield rows.parts
        finally:
            for answer in asked:
                answer.cancel()
