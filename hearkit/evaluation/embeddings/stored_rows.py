"""The rows of one split on disk, each written once at its final place."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import TaskError
from .store import writing

_SYNC_S = 2.0
"""Seconds of work that a killed run loses at most; waiting for the disk takes too long to be done
after every batch."""


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
            with writing(self._progress):
                for name, path in self._files.items():
                    self._open[name] = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
                self._open["done"] = os.open(self._progress, os.O_RDWR | os.O_CREAT, 0o666)
                # A line that a killed run left unfinished must not be continued.
                os.ftruncate(self._open["done"], self._whole_bytes)
                os.lseek(self._open["done"], 0, os.SEEK_END)
        except BaseException:
            self.__exit__()
            raise
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
            OutputError: If they cannot be written.
        """
        with writing(self._files["embeddings"]):
            for at, position in enumerate(positions):
                self._check(len(embeddings[at]))
                first = self._first_row(position, len(embeddings[at]))
                self._write("embeddings", first * self._n_features, embeddings[at], np.float32)
                if timestamps is not None:
                    self._write("timestamps", first, timestamps[at], np.float64)
                self.n_rows[position] = len(embeddings[at])
                self._unnoted.append([position, len(embeddings[at])])
        if time.monotonic() - self._noted_s > _SYNC_S:
            self._note()

    def _note(self) -> None:
        """Note what is done, after the disk has it."""
        if not self._unnoted:
            return
        with writing(self._progress):
            for name in self._files:
                os.fsync(self._open[name])
            os.write(self._open["done"], f"{json.dumps(self._unnoted)}\n".encode())
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
        content = np.ascontiguousarray(values, kind).data.cast("B")
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
