"""From recordings to embeddings on disk, by one model, resumed where it stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..api.memory import PeakMemory
from ..embed.model import Embedder
from ..errors import SubmissionError, TaskError
from . import order, store, targets
from .data import SplitData, TaskData
from .folder import Split, Task
from .outcome import Tell
from .recordings import Header, Source, check_lengths
from .store import Rows

Batching = Literal["oracle", "memory"]

_READERS = 4
"""Threads; decoding and resampling run outside Python's lock."""

_MOST_FAILURES = 10
"""Recordings on which a module fails before the task is given up: each may take minutes."""

_SHARE = 0.5
"""Of the memory that the module may have, what a batch is to take; estimates are rough."""

_LEAST_PER_SAMPLE = 64
"""Bytes of a sample in a batch at least: a model's peak does not grow in small steps."""


@dataclass(frozen=True)
class Embeddings:
    """A task's embeddings.

    Attributes:
        data: What heads are trained on.
        key: Key of the entry in the store.
        seconds: Seconds that this run took to embed; 0 where everything was there.
        resampled: One line on what was resampled; "" if nothing was.
    """

    data: TaskData
    key: str
    seconds: float
    resampled: str


@dataclass(frozen=True)
class _Work:
    """What is embedded where.

    Attributes:
        source: The recordings.
        embedder: The model.
        folder: The entry of the store.
        batching: How recordings are batched.
        memory_bytes: Memory that the module may have.
    """

    source: Source
    embedder: Embedder
    folder: Path
    batching: Batching
    memory_bytes: int

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


def embed(
    task: Task,
    embedder: Embedder,
    folder: Path,
    *,
    batching: Batching,
    memory_bytes: int,
    tell: Tell,
) -> Embeddings:
    """Embed a task, as far as the store does not have it.

    Args:
        task: The task.
        embedder: The model.
        folder: The store.
        batching: `oracle` for the oracle's batches, `memory` for as large ones as memory allows.
        memory_bytes: Memory that the module may have.
        tell: Follows the progress, in recordings.

    Raises:
        TaskError: If a recording cannot be read, or the module fails on one.
        LostError: If the module cannot be loaded again after it ended its process.
        UsageError: If the store cannot be written.
    """
    source = Source.of(task, embedder.sample_rate)
    key = store.entry_key(store.model_key(embedder), source, batching)
    work = _Work(source, embedder, folder / key[:32], batching, memory_bytes)
    began = time.monotonic()
    with store.locked(work.folder):
        store.write_json(work.folder / "entry.json", {"task": task.name, "module": embedder.name})
        orders = order.of_rows([len(split.files) for split in task.splits])
        headers = [_headers(source, split) for split in task.splits]
        total = sum(len(split.files) for split in task.splits)
        count, computed, parts = 0, False, {}
        for split, rank, lengths in zip(task.splits, orders, headers, strict=True):

            def done(n: int, split: Split = split, before: int = count) -> None:
                tell(before + n, total, f"embedding {task.name}, {split.name}")

            rows, worked = _embed_split(work, split, rank, lengths, done)
            computed |= worked
            count += len(split.files)
            parts[split.name] = _split_data(task, split, rank, rows)
    seconds = time.monotonic() - began if computed else 0.0
    data = TaskData(task.name, task.metadata, task.vocabulary, parts)
    return Embeddings(data, key, seconds, source.resampled)


def _headers(source: Source, split: Split) -> list[Header]:
    with ThreadPoolExecutor(_READERS) as readers:
        found = list(readers.map(lambda name: source.header(split.name, name), split.files))
    if wrong := check_lengths(source, split, found):
        raise TaskError(f"{source.task.path}: {wrong}; export them again")
    return found


def _embed_split(
    work: _Work,
    split: Split,
    rank: list[int],
    headers: list[Header],
    done: Callable[[int], None],
) -> tuple[Rows, bool]:
    """Embed what is missing of a split.

    Args:
        work: What is embedded where.
        split: The split.
        rank: Indices of the recordings in the oracle's order.
        headers: Headers of the recordings.
        done: Called with the number of recordings that are there.

    Returns:
        The rows, and whether something was embedded.
    """
    lengths = [header.frames for header in headers]
    uniform = not work.is_event or len(set(lengths)) == 1
    rows = work.rows(split, uniform=uniform)
    done(len(rows.n_rows))
    if rows.complete:
        return rows, False
    place = {file: position for position, file in enumerate(rank)}
    batches = _batches(work, split, lengths, rank if not uniform else None)
    left = [batch for batch in batches if not all(place[file] in rows.n_rows for file in batch)]
    failures: list[str] = []
    with rows:
        for batch, sounds in _read_ahead(work.source, split, left):
            for files, embeddings, times in _embedded(work, split, batch, sounds, failures):
                if not failures or uniform:
                    rows.put([place[file] for file in files], embeddings, times)
                done(len(rows.n_rows))
            if failures and (not uniform or len(failures) >= _MOST_FAILURES):
                break
    if failures:
        more = f"; {len(failures)} recordings in all" if len(failures) > 1 else ""
        raise TaskError(f"{work.source.task.name}: {'; '.join(failures)}{more}")
    return rows, True


def _read_ahead(
    source: Source, split: Split, batches: Sequence[list[int]]
) -> Iterator[tuple[list[int], list[NDArray[np.float32]]]]:
    """Batches with their samples; the next one is read while one is embedded."""
    with ThreadPoolExecutor(_READERS) as readers:

        def begin(batch: list[int]) -> list[Future[NDArray[np.float32]]]:
            return [readers.submit(source.samples, split.name, split.files[file]) for file in batch]

        ahead = begin(batches[0]) if batches else []
        try:
            for at, batch in enumerate(batches):
                reading = ahead
                ahead = begin(batches[at + 1]) if at + 1 < len(batches) else []
                yield batch, [future.result() for future in reading]
        finally:
            readers.shutdown(cancel_futures=True)


_Part = tuple[list[int], list[NDArray[np.float32]], "list[NDArray[np.float64]] | None"]


def _embedded(
    work: _Work,
    split: Split,
    batch: list[int],
    sounds: list[NDArray[np.float32]],
    failures: list[str],
) -> Iterator[_Part]:
    """Embed a batch; where it fails its halves, so that the recordings at fault are found."""
    try:
        if len({len(sound) for sound in sounds}) > 1:
            # Headers agreed, but resampled lengths may differ by a sample.
            raise SubmissionError("recordings of several lengths")
        if work.is_event:
            embeddings, times = work.embedder.timestamps(sounds)
            yield batch, list(embeddings), [one.astype(np.float64) for one in times]
        else:
            yield batch, [row[None] for row in work.embedder.scenes(sounds)], None
    except SubmissionError as error:
        if len(batch) == 1:
            failures.append(f"{split.name}/{split.files[batch[0]]}: {error}")
            return
        middle = len(batch) // 2
        for part in (slice(None, middle), slice(middle, None)):
            if len(failures) < _MOST_FAILURES:
                yield from _embedded(work, split, batch[part], sounds[part], failures)


def _batches(
    work: _Work, split: Split, lengths: list[int], rank: list[int] | None
) -> list[list[int]]:
    """Which recordings are embedded at once, the same whenever a run resumes.

    Args:
        work: What is embedded where.
        split: The split.
        lengths: Samples of each recording.
        rank: Indices of the recordings in the order in which they must be written; None if any
            order will do.
    """
    if work.batching == "oracle":
        if rank is not None:  # recordings of several lengths, of which the oracle embeds one each
            return [[file] for file in rank]
        duration = work.source.task.metadata.sample_duration
        n = order.oracle_batch(duration, work.embedder.sample_rate)
        files = list(range(len(lengths)))
        whole = [files[at : at + n] for at in range(0, len(files), n)]
        return [run for batch in whole for run in _runs(batch, lengths)]
    limit = _limit(work, split, lengths)
    if rank is not None:
        runs = _runs(rank, lengths)
    else:
        groups: dict[int, list[int]] = {}
        for file, length in enumerate(lengths):
            groups.setdefault(length, []).append(file)
        runs = list(groups.values())
    return [part for run in runs for part in _parts(run, max(1, limit // lengths[run[0]]))]


def _parts(files: list[int], n: int) -> list[list[int]]:
    return [files[at : at + n] for at in range(0, len(files), n)]


def _runs(files: Sequence[int], lengths: list[int]) -> list[list[int]]:
    """Neighbours of one length."""
    runs: list[list[int]] = []
    for file in files:
        if runs and lengths[runs[-1][0]] == lengths[file]:
            runs[-1].append(file)
        else:
            runs.append([file])
    return runs


def _limit(work: _Work, split: Split, lengths: list[int]) -> int:
    """Samples in a batch at most, as recorded, measured once for an entry and then kept."""
    kept = work.folder / f"{split.name}.batch.json"
    known = store.read_json(kept)
    if isinstance(known, int) and known > 0:
        return known
    longest = max(range(len(lengths)), key=lengths.__getitem__)
    limit = max(1, _measured_limit(work, split, longest)) * lengths[longest]
    store.write_json(kept, limit)
    return limit


def _measured_limit(work: _Work, split: Split, file: int) -> int:
    """How many recordings like this one fit into memory at once."""
    sound = work.source.samples(split.name, split.files[file])
    try:
        peaks = [_peak(work, [sound] * n) for n in (1, 1, 2)]
    except SubmissionError:
        return 1  # which recording is at fault is found on the way
    available = work.memory_bytes
    if work.embedder.on_gpu:
        import torch

        available = torch.cuda.mem_get_info()[0]
    each = max(peaks[2] - peaks[1], _LEAST_PER_SAMPLE * len(sound))
    return int(_SHARE * max(0, available - peaks[1]) / each) + 1


def _peak(work: _Work, sounds: list[NDArray[np.float32]]) -> int:
    """Peak memory of embedding a batch."""
    own = PeakMemory(os.getpid())
    if work.is_event:
        work.embedder.timestamps(sounds)
    else:
        work.embedder.scenes(sounds)
    own.look_back()
    return work.embedder.peak_bytes or own.bytes


def _split_data(task: Task, split: Split, rank: list[int], rows: Rows) -> SplitData:
    files = tuple(split.files[file] for file in rank)
    starts = rows.starts()
    if split.events is None:
        labels = targets.of_recordings([split.labels[file] for file in rank], task.vocabulary)
        return SplitData(split.name, rows.embeddings(), labels, files, starts)
    events = tuple(split.events[file] for file in rank)
    times = rows.timestamps()
    labels = np.concatenate(
        [
            targets.of_frames(times[first:behind], one, task.vocabulary)
            for one, first, behind in zip(events, starts[:-1], starts[1:], strict=True)
        ]
    )
    return SplitData(split.name, rows.embeddings(), labels, files, starts, times, events)
