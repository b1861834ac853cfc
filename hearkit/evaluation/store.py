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
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embed.model import Embedder
from ..errors import TaskError, UnwritableError
from ..files import contents_digest, written_atomically
from ..version import version
from .recordings import Source

_FORMAT = 1
"""Changes whenever entries are written in another way."""

_SYNC_S = 2.0
"""Seconds of work that a killed run loses at most; waiting for the disk takes too long to be done
after every batch."""


def digest(*parts: Any) -> str:
    """SHA-256 of plain JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def array_digest(array: NDArray[Any]) -> str:
    """SHA-256 of an array's numbers."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def model_key(embedder: Embedder) -> str:
    """Digest of what a model's embeddings depend on: module, code, weights, our version."""
    known = getattr(embedder, "key", None)
    if isinstance(known, str):
        return known
    sha = hashlib.sha256(json.dumps([version(), embedder.name]).encode())
    for path in sorted(embedder.files):
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                sha.update(contents_digest(file))
    return sha.hexdigest()


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
        UnwritableError: If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_atomically(path) as file:
            file.write(json.dumps(value, indent=4, ensure_ascii=False).encode())
    except OSError as error:
        raise cannot_write(path, error) from error


def read_json(path: Path) -> Any:
    """What a JSON file holds; None where there is none that is complete."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def cannot_write(path: Path, error: OSError) -> UnwritableError:
    """One line for a full disk or a folder that cannot be written."""
    return UnwritableError(
        f"{path}: cannot be written ({error.strerror or error}); what is finished stays, and the "
        "same command resumes from there"
    )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """A context in which no other run writes into a folder.

    Raises:
        TaskError: If one does.
        UnwritableError: If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise cannot_write(folder, error) from error
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


class Rows:
    """The rows of one split on disk.

    Args:
        folder: The entry.
        split: Name of the split.
        n_features: Numbers of a row.
        n_files: Number of recordings.
        has_timestamps: Whether rows have timestamps.
        uniform: Whether all recordings have the same number of rows, so that they can be written
            in any order; otherwise they come in their order.
    """

    def __init__(
        self,
        folder: Path,
        split: str,
        n_features: int,
        n_files: int,
        *,
        has_timestamps: bool,
        uniform: bool,
    ) -> None:
        self._name = split
        self._n_features = n_features
        self._n_files = n_files
        self._uniform = uniform
        self._files = {"embeddings": folder / f"{split}.embeddings.npy"}
        if has_timestamps:
            self._files["timestamps"] = folder / f"{split}.timestamps"
        self._progress = folder / f"{split}.done"
        self._open: dict[str, int] = {}
        self._unnoted: list[list[int]] = []
        self._noted_s = 0.0
        self.n_rows = self._done()

    def __enter__(self) -> Rows:
        """Open the files."""
        try:
            for name, path in self._files.items():
                self._open[name] = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            self._open["done"] = os.open(self._progress, os.O_RDWR | os.O_CREAT, 0o666)
            # A line that a killed run left unfinished must not be continued.
            os.ftruncate(self._open["done"], self._whole_bytes)
            os.lseek(self._open["done"], 0, os.SEEK_END)
        except OSError as error:
            self.__exit__()
            raise cannot_write(self._progress, error) from error
        self._noted_s = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        """Note what is done, and close the files."""
        try:
            self._note()
        finally:
            for descriptor in self._open.values():
                os.close(descriptor)
            self._open.clear()

    def _done(self) -> dict[int, int]:
        """Numbers of rows by the recording's position, as far as they are written."""
        try:
            lines = self._progress.read_bytes().splitlines(keepends=True)
        except OSError:
            lines = []
        self._whole_bytes = 0
        found: dict[int, int] = {}
        for line in lines:
            try:
                found |= {int(position): int(n) for position, n in json.loads(line)}
            except (ValueError, TypeError):
                break
            if not line.endswith(b"\n"):
                break
            self._whole_bytes += len(line)
        return found

    def put(
        self,
        positions: list[int],
        embeddings: list[NDArray[np.float32]],
        timestamps: list[NDArray[np.float64]] | None = None,
    ) -> None:
        """Write the rows of recordings.

        Args:
            positions: Place of each recording in the oracle's order.
            embeddings: Rows of each recording, shape (n_rows, n_features).
            timestamps: Timestamps of each, shape (n_rows,).

        Raises:
            TaskError: If recordings of one length have different numbers of rows.
            UnwritableError: If they cannot be written.
        """
        try:
            for at, position in enumerate(positions):
                self._check(len(embeddings[at]))
                first = self._first_row(position, len(embeddings[at]))
                self._write("embeddings", first * self._n_features, embeddings[at], np.float32)
                if timestamps is not None:
                    self._write("timestamps", first, timestamps[at], np.float64)
                self.n_rows[position] = len(embeddings[at])
                self._unnoted.append([position, len(embeddings[at])])
        except OSError as error:
            raise cannot_write(self._files["embeddings"], error) from error
        if time.monotonic() - self._noted_s > _SYNC_S:
            self._note()

    def _note(self) -> None:
        """Note what is done, after the disk has it."""
        if not self._unnoted:
            return
        try:
            for name in self._files:
                os.fsync(self._open[name])
            os.write(self._open["done"], f"{json.dumps(self._unnoted)}\n".encode())
        except OSError as error:
            raise cannot_write(self._progress, error) from error
        self._unnoted, self._noted_s = [], time.monotonic()

    def _check(self, n_rows: int) -> None:
        """Refuse frames that do not fit those of the other recordings of this length."""
        other = next(iter(self.n_rows.values()), n_rows)
        if self._uniform and other != n_rows:
            raise TaskError(
                f"{self._name}: the module returned {other} and {n_rows} frames for recordings of "
                "one length; hear-validate tells more"
            )

    def _first_row(self, position: int, n_rows: int) -> int:
        if self._uniform:
            return position * n_rows
        return sum(self.n_rows[before] for before in range(position))

    def _write(self, name: str, first: int, values: NDArray[Any], kind: type[Any]) -> None:
        content = memoryview(np.ascontiguousarray(values, kind)).cast("B")
        offset = first * np.dtype(kind).itemsize
        while content:  # a full disk may take a part first
            n_written = os.pwrite(self._open[name], content, offset)
            content, offset = content[n_written:], offset + n_written

    @property
    def complete(self) -> bool:
        """Whether every recording is there."""
        return len(self.n_rows) == self._n_files

    def starts(self) -> NDArray[np.int64]:
        """First row of each recording, and the number of rows; shape (n_files + 1,)."""
        counts = [self.n_rows[position] for position in range(self._n_files)]
        return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])

    def embeddings(self) -> NDArray[np.float32]:
        """The rows, mapped into memory, shape (n_rows, n_features)."""
        shape = (int(self.starts()[-1]), self._n_features)
        return np.memmap(self._files["embeddings"], np.float32, "r", shape=shape)

    def timestamps(self) -> NDArray[np.float64]:
        """Timestamps of the rows in ms, shape (n_rows,)."""
        return np.fromfile(self._files["timestamps"], np.float64)


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
            UnwritableError: If it cannot be written.
        """
        path = self._path(name)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._facts and not (self._folder / "facts.json").exists():
                write_json(self._folder / "facts.json", self._facts)
            with written_atomically(path) as file:
                file.write(content)
        except OSError as error:
            raise cannot_write(path, error) from error

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.bin"
