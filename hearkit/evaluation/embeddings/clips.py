"""One batch of recordings: read, embedded, and those found on which the module fails."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...api.memory import PeakMemory
from ...embed.model import Embedder
from ...errors import SubmissionError
from ..tasks.recordings import samples

READERS = 4
"""Threads; decoding and resampling run outside Python's lock."""

MOST_FAILURES = 10
"""Recordings on which a module fails before the task is given up: each may take minutes."""

_SHARE = 0.5
"""Of the memory that the module may have, what a batch is to take; estimates are rough."""

_LEAST_PER_SAMPLE = 64
"""Bytes of a sample in a batch at least: a model's peak does not grow in small steps."""

Sounds = list[NDArray[np.float32]]


@dataclass(frozen=True)
class Clips:
    """Recordings that are embedded as one batch.

    Attributes:
        files: Their names in messages, such as `train/a.wav`.
        paths: Where they are.
        rate: Rate of the model, in Hz.
        is_event: Whether frames are embedded, not recordings.
    """

    files: tuple[str, ...]
    paths: tuple[str, ...]
    rate: int
    is_event: bool

    def single(self, at: int) -> Clips:
        """One recording of them."""
        return Clips(self.files[at : at + 1], self.paths[at : at + 1], self.rate, self.is_event)


@dataclass(frozen=True)
class Part:
    """Rows of some recordings of a batch.

    Attributes:
        places: Which ones of the batch.
        embeddings: float32 rows of each, shape (n_rows, n_features).
        timestamps: float64 timestamps of each in ms, shape (n_rows,); None for scenes.
    """

    places: list[int]
    embeddings: list[NDArray[np.float32]]
    timestamps: list[NDArray[np.float64]] | None


def read(clips: Clips, readers: ThreadPoolExecutor) -> list[Future[NDArray[np.float32]]]:
    """Begin to read recordings."""
    return [readers.submit(samples, path, clips.rate) for path in clips.paths]


def read_ahead(batches: Sequence[Clips]) -> Iterator[tuple[int, Sounds]]:
    """Places of the batches with their samples; the next one is read while one is embedded."""
    with ThreadPoolExecutor(READERS) as readers:
        ahead = read(batches[0], readers) if batches else []
        try:
            for at in range(len(batches)):
                reading = ahead
                ahead = read(batches[at + 1], readers) if at + 1 < len(batches) else []
                yield at, [future.result() for future in reading]
        finally:
            readers.shutdown(cancel_futures=True)


def embedded(
    embedder: Embedder, clips: Clips, sounds: Sounds, failures: list[str]
) -> Iterator[Part]:
    """Embed a batch; where it fails its halves, so that the recordings at fault are found.

    Args:
        embedder: The model.
        clips: The batch.
        sounds: Samples of each.
        failures: Gets a line for each recording on which the module fails.
    """
    return _embedded(embedder, clips, sounds, list(range(len(sounds))), failures)


def _embedded(
    embedder: Embedder, clips: Clips, sounds: Sounds, places: list[int], failures: list[str]
) -> Iterator[Part]:
    try:
        if len({len(sounds[at]) for at in places}) > 1:
            # Headers agreed, but resampled lengths may differ by a sample.
            raise SubmissionError("recordings of several lengths")
        batch = [sounds[at] for at in places]
        if clips.is_event:
            embeddings, times = embedder.timestamps(batch)
            yield Part(places, list(embeddings), [one.astype(np.float64) for one in times])
        else:
            yield Part(places, [row[None] for row in embedder.scenes(batch)], None)
    except SubmissionError as error:
        if len(places) == 1:
            failures.append(f"{clips.files[places[0]]}: {error}")
            return
        middle = len(places) // 2
        for half in (places[:middle], places[middle:]):
            if len(failures) < MOST_FAILURES:
                yield from _embedded(embedder, clips, sounds, half, failures)


def most_at_once(embedder: Embedder, clip: Clips, memory_bytes: int) -> int:
    """How many recordings like one fit into memory at once.

    Args:
        embedder: The model.
        clip: The longest recording.
        memory_bytes: Memory that the module may have.
    """
    sound = samples(clip.paths[0], clip.rate)
    try:
        # The first call also takes what a model sets up once.
        _, one, two = (_peak(embedder, clip, [sound] * n) for n in (1, 1, 2))
    except SubmissionError:
        return 1  # which recording is at fault is found on the way
    available = memory_bytes
    if embedder.on_gpu:
        import torch

        available = torch.cuda.mem_get_info()[0]
    each = max(two - one, _LEAST_PER_SAMPLE * len(sound))
    return int(_SHARE * max(0, available - one) / each) + 1


def _peak(embedder: Embedder, clip: Clips, sounds: Sounds) -> int:
    """Peak memory of embedding a batch."""
    own = PeakMemory(os.getpid())
    if clip.is_event:
        embedder.timestamps(sounds)
    else:
        embedder.scenes(sounds)
    own.look_back()
    return embedder.peak_bytes or own.bytes
