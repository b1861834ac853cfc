"""What is embedded where, as the steps of embedding hand it on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..tasks.folder import Split
from ..tasks.recordings import Source
from .clips import Clips
from .model import Model
from .stored_rows import Rows

Batching = Literal["oracle", "memory"]


@dataclass(frozen=True)
class Work:
    """What is embedded where.

    Attributes:
        source: The recordings.
        model: The model.
        folder: The entry of the store.
        batching: How recordings are batched.
        longest: The longest recording.
        longest_frames: Its samples.
    """

    source: Source
    model: Model
    folder: Path
    batching: Batching
    longest: Clips
    longest_frames: int

    @property
    def is_event(self) -> bool:
        """Whether frames are embedded, not recordings."""
        return self.source.task.metadata.embedding_type == "event"

    def rows(self, split: Split, *, uniform: bool) -> Rows:
        """The rows of a split."""
        size = self.model.timestamp_size if self.is_event else self.model.scene_size
        return Rows(
            self.folder,
            split.name,
            size,
            len(split.files),
            has_timestamps=self.is_event,
            uniform=uniform,
        )
