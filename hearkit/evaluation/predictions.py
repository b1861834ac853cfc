"""Predictions on a test split next to what is true, as arrays that are kept on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TaskError
from ..files import written_atomically
from .data import SplitData, TaskData
from .embeddings.store import writing
from .events import EventTable
from .outcome import Outcome, TestScores
from .tasks.task import Event

FILE = "test.predictions.npz"


@dataclass(frozen=True)
class Predictions:
    """Predictions of one head on one test split.

    Attributes:
        split: Name of the test split.
        seed: Seed of the evaluation.
        files: Names of the recordings.
        starts: int64, shape (n_files + 1,); recording i has the rows starts[i] to starts[i + 1].
        predictions: float32, shape (n_rows, n_labels).
        targets: uint8, shape (n_rows, n_labels).
        predicted: Predicted events; None for scenes.
        reference: Reference events; None for scenes.
    """

    split: str
    seed: int
    files: tuple[str, ...]
    starts: NDArray[np.int64]
    predictions: NDArray[np.float32]
    targets: NDArray[np.uint8]
    predicted: EventTable | None = None
    reference: EventTable | None = None


def of(data: TaskData, outcome: Outcome) -> list[Predictions]:
    """The predictions of an outcome, with what is true."""
    return [_one(data.splits[test.split], test, data.vocabulary) for test in outcome.tests]


def _one(split: SplitData, test: TestScores, vocabulary: Sequence[str]) -> Predictions:
    predicted = reference = None
    if test.events is not None and split.events is not None:
        events = [[Event(*event) for event in one] for one in test.events]
        predicted = EventTable.of(events, vocabulary)
        reference = EventTable.of(split.events, vocabulary)
    return Predictions(
        test.split,
        test.seed,
        split.files,
        split.starts,
        test.predictions,
        split.targets,
        predicted,
        reference,
    )


def write(folder: Path, tested: Sequence[Predictions]) -> None:
    """Keep predictions in a folder.

    Raises:
        UsageError: If they cannot be written.
    """
    arrays: dict[str, Any] = {}
    for one in tested:
        # What is true is the same for every seed.
        arrays |= {
            f"{one.split}/files": np.array(one.files),
            f"{one.split}/starts": one.starts,
            f"{one.split}/targets": one.targets,
            f"{one.split}/{one.seed}/predictions": one.predictions,
        }
        if one.predicted is not None and one.reference is not None:
            arrays |= _columns(f"{one.split}/reference", one.reference)
            arrays |= _columns(f"{one.split}/{one.seed}/events", one.predicted)
    with writing(folder / FILE), written_atomically(folder / FILE) as file:
        np.savez_compressed(file, **arrays)


def _columns(name: str, events: EventTable) -> dict[str, NDArray[Any]]:
    return {f"{name}/{column}": getattr(events, column) for column in _COLUMNS}


_COLUMNS = ("files", "labels", "starts", "ends")


def read(folder: Path) -> list[Predictions]:
    """The predictions that a folder has.

    Raises:
        TaskError: If they are missing or damaged.
    """
    path = folder / FILE
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        names = [name.split("/") for name in arrays if name.endswith("/predictions")]
        return [_read(arrays, split, seed) for split, seed, _ in names]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise TaskError(f"{path}: cannot be read ({error}); run the task again") from error


def _read(arrays: Mapping[str, NDArray[Any]], split: str, seed: str) -> Predictions:
    has_events = f"{split}/reference/files" in arrays
    return Predictions(
        split,
        int(seed),
        tuple(map(str, arrays[f"{split}/files"])),
        arrays[f"{split}/starts"],
        arrays[f"{split}/{seed}/predictions"],
        arrays[f"{split}/targets"],
        _table(arrays, f"{split}/{seed}/events") if has_events else None,
        _table(arrays, f"{split}/reference") if has_events else None,
    )


def _table(arrays: Mapping[str, NDArray[Any]], name: str) -> EventTable:
    return EventTable(*(arrays[f"{name}/{column}"] for column in _COLUMNS))
