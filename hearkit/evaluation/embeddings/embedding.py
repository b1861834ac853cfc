"""From recordings to embeddings on disk, by one model, resumed where it stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...embed.key import Later
from ...embed.model import Embedder
from ...errors import SubmissionError, TaskError
from ...files import digest
from ..tasks import order, targets
from . import store
from .batching import batches_of
from ..data import SplitData, TaskData
from ..tasks.folder import Split, Task
from ..outcome import Tell
from ..tasks.recordings import Header, Source, check_lengths
from .stored_rows import Rows
from .work import Batching, Work

_LATER = "later.json"
"""Lists files that a module reads in its calls."""

_READERS = 4
"""Threads; decoding and resampling run outside Python's lock."""

_MOST_FAILURES = 10
"""Recordings on which a module fails before the task is given up: each may take minutes."""


@dataclass(frozen=True)
class Embeddings:
    """A task's embeddings.

    Attributes:
        data: What heads are trained on.
        key: Digest of what they were made from.
        seconds: Seconds that this run took to embed; 0 where everything was there.
        resampled: One line on what was resampled; "" if nothing was.
    """

    data: TaskData
    key: str
    seconds: float
    resampled: str


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
    key = store.entry_key(embedder.key, source, batching)
    headers = [_headers(source, split) for split in task.splits]
    longest = max(
        (header.frames, split.name, name)
        for split, of_split in zip(task.splits, headers, strict=True)
        for name, header in zip(split.files, of_split, strict=True)
    )
    work = Work(
        source, embedder, folder / key[:32], batching, memory_bytes, (*longest[1:], longest[0])
    )
    began = time.monotonic()
    with store.locked(work.folder):
        _forget_stale(work)
        store.write_json(work.folder / "entry.json", {"task": task.name, "module": embedder.name})
        parts, computed = _embed_all(work, headers, tell)
        later = store.read_json(work.folder / _LATER)
    seconds = time.monotonic() - began if computed else 0.0
    data = TaskData(task.name, task.metadata, task.vocabulary, parts)
    return Embeddings(data, store.digest(key, later), seconds, source.resampled)


def _forget_stale(work: Work) -> None:
    """Remove what was computed with files that calls have read and that have changed since."""
    known = store.read_json(work.folder / _LATER) or []
    for one in known:
        later = Later(*one)
        try:
            now = digest(work.embedder.place_now(later))
        except OSError:
            now = ""
        if now != later.digest:
            for path in work.folder.iterdir():
                if path.name != store.LOCK:
                    path.unlink()
            return


def _note_later(work: Work) -> None:
    """Note files that calls have read: the model's key does not know them."""
    later = [[one.role, one.place, one.digest] for one in work.embedder.later]
    if later:
        store.write_json(work.folder / _LATER, later)


def _embed_all(
    work: Work, headers: list[list[Header]], tell: Tell
) -> tuple[dict[str, SplitData], bool]:
    """Embed all splits; their data, and whether something was missing."""
    task = work.source.task
    orders = order.of_rows([len(split.files) for split in task.splits])
    total = sum(len(split.files) for split in task.splits)
    before, computed = 0, False
    parts = {}
    for split, rank, of_split in zip(task.splits, orders, headers, strict=True):

        def done(n: int, name: str = split.name, before: int = before) -> None:
            tell(before + n, total, f"embedding {task.name}, {name}")

        rows, worked = _embed_split(work, split, rank, of_split, done)
        computed |= worked
        before += len(split.files)
        parts[split.name] = _split_data(task, split, rank, rows)
    return parts, computed


def _headers(source: Source, split: Split) -> list[Header]:
    with ThreadPoolExecutor(_READERS) as readers:
        found = list(readers.map(lambda name: source.header(split.name, name), split.files))
    if wrong := check_lengths(source, split, found):
        raise TaskError(f"{source.task.path}: {wrong}; export them again")
    return found


def _embed_split(
    work: Work,
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
    batches = batches_of(work, lengths, rank if not uniform else None)
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
            _note_later(work)
    if failures:
        more = f"; {len(failures)} recordings in all" if len(failures) > 1 else ""
        raise TaskError(f"{'; '.join(failures)}{more}")
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
    work: Work,
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
