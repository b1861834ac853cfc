"""Embeddings on disk: keyed by what made them, written once, each row at its final place.

An entry of the store is a folder. For each split it has the raw float32 rows in the oracle's order,
for event tasks the raw float64 timestamps of the rows, and a list of what is done. A row is noted
as done only after it was written, so an entry of a killed run is continued.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import OutputError, TaskError
from ...files import written_atomically
from ..tasks.recordings import Source

LOCK = ".lock"
"""Held by the run that writes into a folder."""

_FORMAT = 1
"""Changes whenever entries are written in another way."""


def digest(*parts: Any) -> str:
    """SHA-256 of plain JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def array_digest(array: NDArray[Any]) -> str:
    """SHA-256 of an array's numbers."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def audio_key(source: Source) -> str:
    """Digest of the recordings and their order.

    A recording is known by its size and time of change: reading 50 GB again takes as long as
    embedding them.

    Raises:
        TaskError: If a recording is missing.
    """
    task = source.task
    known: list[Any] = [source.rate, source.wanted, task.metadata.embedding_type]
    for split in task.splits:
        states = [_state(source.path(split.name, name)) for name in split.files]
        known.append([split.name, split.files, states])
    return digest(known)


def _state(path: Path) -> tuple[int, int]:
    try:
        seen = path.stat()
    except OSError as error:
        raise TaskError(f"{path}: cannot be read ({error.strerror})") from error
    return seen.st_size, seen.st_mtime_ns


def entry_key(model: str, source: Source, batches: str) -> str:
    """Name of the entry of a model's embeddings of a task.

    Args:
        model: The model's key.
        source: The recordings.
        batches: How recordings are batched, since it changes how embeddings are rounded.
    """
    duration = source.task.metadata.sample_duration if batches == "oracle" else None
    return digest(_FORMAT, model, audio_key(source), batches, duration)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically; NaN is written as Python reads it.

    Raises:
        OutputError: If it cannot be written.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_atomically(path) as file:
            file.write(json.dumps(value, indent=4, ensure_ascii=False).encode())


def read_json(path: Path) -> Any:
    """What a JSON file holds; None where there is none that is complete."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """A context that writes, in which a full disk or a folder that refuses is one line.

    Raises:
        OutputError: If something cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); what is finished stays, and "
            "the same command resumes from there"
        ) from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """A context in which no other run writes into a folder.

    Raises:
        TaskError: If one does.
        OutputError: If the folder cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise TaskError(
            f"{folder}: another run is writing here; wait for it, or choose another --out"
        ) from None
    try:
        yield
    finally:
        os.close(descriptor)


class FolderJournal:
    """An engine's journal in a folder; see `outcome.Journal`.

    Args:
        folder: The folder; it is made when something is kept.
        facts: What the journal belongs to, written into it for readers.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any] | None = None) -> None:
        self._folder = folder
        self._facts = facts

    def get(self, name: str) -> bytes | None:
        """See `outcome.Journal.get`."""
        try:
            return self._path(name).read_bytes()
        except OSError:
            return None

    def put(self, name: str, content: bytes) -> None:
        """See `outcome.Journal.put`.

        Raises:
            OutputError: If it cannot be written.
        """
        path = self._path(name)
        with writing(path):
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._facts and not (self._folder / "facts.json").exists():
                write_json(self._folder / "facts.json", self._facts)
            with written_atomically(path) as file:
                file.write(content)

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.bin"
