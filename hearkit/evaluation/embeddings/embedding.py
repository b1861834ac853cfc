"""From recordings to embeddings on disk, by one model, resumed where it stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...embed.key import Later
from ...errors import TaskError
from ...files import digest
from ..data import SplitData, TaskData
from ..outcome import Tell
from ..tasks import order, targets
from ..tasks.folder import Split, Task
from ..tasks.recordings import Header, Source, check_lengths
from . import store
from .batching import batches_of
from .clips import MOST_FAILURES, READERS, Clips
from .model import Model
from .stored_rows import Rows
from .work import Batching, Work

_LATER = "later.json"
"""Lists files that a module reads in its calls."""


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
    model: Model,
    folder: Path,
    *,
    batching: Batching,
    tell: Tell,
) -> Embeddings:
    """Embed a task, as far as the store does not have it.

    Args:
        task: The task.
        model: The model.
        folder: The store.
        batching: `oracle` for the oracle's batches, `memory` for as large ones as memory allows.
        tell: Follows the progress, in recordings.

    Raises:
        TaskError: If a recording cannot be read, or the module fails on one.
        LostError: If the module cannot be loaded again after it ended its process.
        UsageError: If the store cannot be written.
    """
    source = Source.of(task, model.sample_rate)
    key = store.entry_key(model.key, source, batching)
    headers = [_headers(source, split) for split in task.splits]
    frames, longest = max(
        (header.frames, (split.name, name))
        for split, of_split in zip(task.splits, headers, strict=True)
        for name, header in zip(split.files, of_split, strict=True)
    )
    work = Work(source, model, folder / key[:32], batching, _clips(source, *longest), frames)
    began = time.monotonic()
    with store.locked(work.folder):
        _forget_stale(work)
        store.write_json(work.folder / "entry.json", {"task": task.name, "module": model.name})
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
            now = digest(work.model.place_now(later))
        except OSError:
            now = ""
        if now != later.digest:
            for path in work.folder.iterdir():
                if path.name != store.LOCK:
                    path.unlink()
            return


def _note_later(work: Work) -> None:
    """Note files that calls have read: the model's key does not know them."""
    later = [[one.role, one.place, one.digest] for one in work.model.later]
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
    with ThreadPoolExecutor(READERS) as readers:
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
    clips = [_clips(work.source, split.name, *(split.files[n] for n in batch)) for batch in left]
    failures: list[str] = []
    with rows, closing(work.model.embed(clips, failures)) as answers:
        for batch, parts in zip(left, answers, strict=False):
            for part in parts:
                if not failures or uniform:
                    files = [batch[one] for one in part.places]
                    rows.put([place[file] for file in files], part.embeddings, part.timestamps)
            done(len(rows.n_rows))
            if failures and (not uniform or len(failures) >= MOST_FAILURES):
                break
            _note_later(work)
    if failures:
        more = f"; {len(failures)} recordings in all" if len(failures) > 1 else ""
        raise TaskError(f"{'; '.join(failures)}{more}")
    return rows, True


def _clips(source: Source, split: str, *files: str) -> Clips:
    """Recordings of a split as a batch."""
    names = tuple(f"{split}/{file}" for file in files)
    paths = tuple(str(source.path(split, file)) for file in files)
    return Clips(names, paths, source.wanted, source.task.metadata.embedding_type == "event")


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
