"""What heads are trained on: the embeddings and targets of a task's splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .tasks.task import Event, Metadata


@dataclass(frozen=True)
class SplitData:
    """The rows of one split, in the oracle's order (HEAR_EVAL, section 2).

    A row is a recording (scenes) or a frame of one (events). The frames of a recording stand
    together, in the order of time.

    Attributes:
        name: Name of the split.
        embeddings: float32, shape (n_rows, n_features); may be a memory map.
        targets: uint8, shape (n_rows, n_labels); 1 where a label is true.
        files: Names of the recordings, n_files of them.
        starts: int64, shape (n_files + 1,); recording i has the rows starts[i] to starts[i + 1].
        timestamps: float64, shape (n_rows,), in ms; None for scenes.
        events: Reference events of each recording; None for scenes.
    """

    name: str
    embeddings: NDArray[np.float32]
    targets: NDArray[np.uint8]
    files: tuple[str, ...]
    starts: NDArray[np.int64]
    timestamps: NDArray[np.float64] | None = None
    events: tuple[tuple[Event, ...], ...] | None = None


@dataclass(frozen=True)
class TaskData:
    """A task with the embeddings of one model.

    Attributes:
        folder: Name of the task folder, `<task_name>-<version>-<mode>`.
        metadata: Metadata of the task.
        vocabulary: Labels, in the order of their indices.
        splits: Data of the splits, by name.
    """

    folder: str
    metadata: Metadata
    vocabulary: tuple[str, ...]
    splits: Mapping[str, SplitData]
