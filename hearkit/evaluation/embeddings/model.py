"""The model of a run: batches of recordings become rows, wherever they are computed."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ...embed.key import Later
from ...embed.model import Embedder
from .clips import Clips, Part, embedded, most_at_once, read_ahead


@dataclass(frozen=True)
class Cap:
    """The largest batch where memory would allow more.

    Attributes:
        recordings: Recordings in it at most.
        seconds: Seconds of audio at most, but for one that is longer.
    """

    recordings: int
    seconds: float


class Model(Protocol):
    """A loaded HEAR module."""

    @property
    def name(self) -> str:
        """The module's name."""

    @property
    def weights(self) -> str:
        """The checkpoint's path as it was given, or ""."""

    @property
    def key(self) -> str:
        """Digest of what the model was made from, see `Embedder`."""

    @property
    def sample_rate(self) -> int:
        """Hz that the model takes."""

    @property
    def scene_size(self) -> int:
        """Numbers of a scene embedding."""

    @property
    def timestamp_size(self) -> int:
        """Numbers of a timestamp embedding."""

    @property
    def later(self) -> tuple[Later, ...]:
        """Files that calls have read."""

    @property
    def cap(self) -> Cap | None:
        """The largest batch; None for as large ones as memory allows."""

    def place_now(self, later: Later) -> str:
        """Where a file is now that a call has read."""

    def most_at_once(self, clip: Clips) -> int:
        """How many recordings like one fit into memory at once."""

    def embed(
        self, batches: Sequence[Clips], failures: list[str]
    ) -> Generator[list[Part], None, None]:
        """Embed batches.

        Args:
            batches: The batches.
            failures: Gets a line for each recording on which the module fails.

        Returns:
            The rows of each batch, in their order.

        Raises:
            TaskError: If a recording cannot be read.
            LostError: If the module cannot be loaded again after it ended its process.
        """


class Here:
    """A model behind one connection.

    Args:
        embedder: The model.
        memory_bytes: Memory that the module may have.
    """

    cap = None

    def __init__(self, embedder: Embedder, memory_bytes: int) -> None:
        self._embedder = embedder
        self._memory_bytes = memory_bytes
        self.name, self.weights = embedder.name, embedder.weights
        self.sample_rate = embedder.sample_rate
        self.scene_size, self.timestamp_size = embedder.scene_size, embedder.timestamp_size

    @property
    def key(self) -> str:
        """See `Model`."""
        return self._embedder.key

    @property
    def later(self) -> tuple[Later, ...]:
        """See `Model`."""
        return self._embedder.later

    def place_now(self, later: Later) -> str:
        """See `Model`."""
        return self._embedder.place_now(later)

    def most_at_once(self, clip: Clips) -> int:
        """See `Model`."""
        return most_at_once(self._embedder, clip, self._memory_bytes)

    def embed(
        self, batches: Sequence[Clips], failures: list[str]
    ) -> Generator[list[Part], None, None]:
        """See `Model`."""
        for at, sounds in read_ahead(batches):
            yield list(embedded(self._embedder, batches[at], sounds, failures))
