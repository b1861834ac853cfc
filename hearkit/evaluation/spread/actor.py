"""The actor: a loaded model that embeds batches of a task's recordings."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ...embed.key import Later
from ...embed.spread.actor import ModelActor, refused
from ...embed.spread.messages import Opened, Refused
from ...errors import HearError
from ..embeddings import clips
from ..embeddings.clips import Clips, Part


@dataclass(frozen=True)
class OpenedModel(Opened):
    """What was loaded.

    Attributes:
        name: The module's name.
        weights: The checkpoint's path as it was given, or "".
        sample_rate: Hz that the model takes.
        scene_size: Numbers of a scene embedding.
        timestamp_size: Numbers of a timestamp embedding.
    """

    name: str
    weights: str
    sample_rate: int
    scene_size: int
    timestamp_size: int


@dataclass(frozen=True)
class Rows:
    """What became of a batch.

    Attributes:
        parts: The rows.
        failures: A line for each recording on which the module fails.
        later: Files that the module has read in its calls.
    """

    parts: list[Part]
    failures: list[str]
    later: tuple[Later, ...] = ()


class ClipActor(ModelActor):
    """Embeds batches; calls overlap: while one computes, the next one reads."""

    def _open(self) -> OpenedModel:
        opened, model = super()._open(), self._embedder
        self._turn = threading.Lock()
        self._readers = ThreadPoolExecutor(clips.READERS, thread_name_prefix="hear-reader")
        return OpenedModel(
            opened.key,
            opened.places,
            model.name,
            model.weights,
            model.sample_rate,
            model.scene_size,
            model.timestamp_size,
        )

    def embed(self, batch: Clips) -> Rows | Refused:
        """Read and embed a batch."""
        failures: list[str] = []
        try:
            sounds = [future.result() for future in clips.read(batch, self._readers)]
            with self._turn:
                parts = list(clips.embedded(self._embedder, batch, sounds, failures))
                return Rows(parts, failures, self._embedder.later)
        except HearError as error:
            return refused(error)

    def most_at_once(self, clip: Clips) -> int | Refused:
        """How many recordings like one fit into this node's memory at once."""
        try:
            with self._turn:
                return clips.most_at_once(self._embedder, clip, self._memory_bytes)
        except HearError as error:
            return refused(error)
