"""What is embedded where, as the steps of embedding hand it on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...embed.model import Embedder
from ..tasks.folder import Split
from ..tasks.recordings import Source
from .stored_rows import Rows

Batching = Literal["oracle", "memory"]


@dataclass(frozen=True)
class Work:
    """What is embedded where.

    Attributes:
        source: The recordings.
        embedder: The model.
        folder: The entry of the store.
        batching: How recordings are batched.
        memory_bytes: Memory that the module may have.
        longest: Split, name and samples of the longest recording.
    """

    source: Source
    embedder: Embedder
    folder: Path
    batching: Batching
    memory_bytes: int
    longest: tuple[str, str, int]

    @property
    def is_event(self) -> bool:
        """Whether frames are embedded, not recordings."""
        return self.source.task.metadata.embedding_type == "event"

    def rows(self, split: Split, *, uniform: bool) -> Rows:
        """The rows of a split."""
        size = self.embedder.timestamp_size if self.is_event else self.embedder.scene_size
        return Rows(
            self.folder,
            split.name,
            size,
            len(split.files),
            has_timestamps=self.is_event,
            uniform=uniform,
        )
