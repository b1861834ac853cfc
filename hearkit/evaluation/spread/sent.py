"""A task's data on its way to another node: embeddings stay on the disk that all nodes share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..data import SplitData, TaskData


class NotSeen(Exception):  # noqa: N818 - another node is asked
    """A node does not have what a part of an evaluation needs there."""


@dataclass(frozen=True)
class _Mapped:
    """Rows on disk.

    Attributes:
        path: The file.
        shape: Rows, and numbers of each.
    """

    path: Path
    shape: tuple[int, int]

    @classmethod
    def of(cls, rows: NDArray[np.float32]) -> _Mapped:
        """The file of rows that are mapped into memory."""
        return cls(Path(cast(Any, rows).filename), (rows.shape[0], rows.shape[1]))

    def opened(self) -> NDArray[np.float32]:
        """The rows, mapped into memory here.

        Raises:
            NotSeen: If they are not on this node.
        """
        try:
            return np.memmap(self.path, np.float32, "r", shape=self.shape)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "another length"
            raise NotSeen(
                f"{self.path}: cannot be read there ({reason}); all nodes must see the embeddings "
                "under the same path, so put --out on a file system that they share"
            ) from error


@dataclass(frozen=True)
class Sent:
    """A task without its embeddings, which are read where they are needed.

    Attributes:
        data: The task; its splits have no rows.
        rows: The rows by split.
    """

    data: TaskData
    rows: Mapping[str, _Mapped]

    @classmethod
    def of(cls, data: TaskData) -> Sent:
        """A task whose embeddings are memory maps."""
        splits = {name: _with(split, np.empty((0, 0), np.float32)) for name, split in _items(data)}
        rows = {name: _Mapped.of(split.embeddings) for name, split in _items(data)}
        return cls(replace(data, splits=splits), rows)

    def received(self) -> TaskData:
        """The task with its embeddings.

        Raises:
            NotSeen: If they are not on this node.
        """
        splits = {name: _with(split, self.rows[name].opened()) for name, split in _items(self.data)}
        return replace(self.data, splits=splits)


def _items(data: TaskData) -> list[tuple[str, SplitData]]:
    return list(data.splits.items())


def _with(split: SplitData, rows: NDArray[np.float32]) -> SplitData:
    return replace(split, embeddings=rows)
