"""The folder of embeddings that heareval writes for a task: read, and written for it to read.

Next to copies of the task's own files it has for each split raw float32 without a header
(`embeddings.npy`), their shape (`embedding-dimensions.json`), the labels of each row
(`target-labels.pkl`), and for events the recording and time of each (`filename-timestamps.json`).
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import pickle
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import TaskError
from ...files import written_atomically
from ..data import SplitData, TaskData
from ..tasks import folder as task_folder
from ..tasks import order
from ..tasks.faults import Faults
from ..tasks.folder import Split
from ..tasks.metadata import FILE as METADATA
from ..tasks.targets import of_recordings
from .store import writing

_BLOCK_BYTES = 64 << 20
"""Embeddings written in one go; they may be larger than the memory."""

_HARMLESS = {
    ("builtins", "str"),
    ("builtins", "int"),
    ("builtins", "float"),
    ("numpy", "dtype"),
    ("numpy", "str_"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
}
"""What a pickle of labels may name: plain containers and NumPy's scalars. Others could run code."""


def is_layout(path: Path) -> bool:
    """Whether a folder has embeddings that heareval wrote."""
    return any(path.glob("*.embedding-dimensions.json"))


def read(path: Path) -> TaskData:
    """Read embeddings that heareval wrote; they stay on the disk, memory-mapped.

    Raises:
        TaskError: If a file is missing, broken, or does not fit the others.
    """
    faults = Faults()
    task = task_folder.collect(path, faults, with_audio=False)
    if task is None or faults.fatal:
        raise TaskError(f"{path}: {'; '.join(faults.fatal)}")
    orders = order.of_rows([len(split.files) for split in task.splits])
    splits = {}
    for split, shuffled in zip(task.splits, orders, strict=True):
        splits[split.name] = _read_split(path, split, shuffled, task.vocabulary)
    return TaskData(task.name, task.metadata, task.vocabulary, splits)


def _read_split(
    path: Path, split: Split, shuffled: Sequence[int], vocabulary: tuple[str, ...]
) -> SplitData:
    embeddings = _embeddings(path, split.name)
    labels = _labels(path / f"{split.name}.target-labels.pkl", len(embeddings))
    unknown = sorted({label for row in labels for label in row} - set(vocabulary))
    if unknown:
        raise TaskError(
            f"{path}/{split.name}.target-labels.pkl: has the label {unknown[0]!r}, which "
            "labelvocabulary.csv lacks"
        )
    targets = of_recordings(labels, vocabulary)
    if split.events is None:
        files = _names_of_rows(split, shuffled, labels)
        return SplitData(split.name, embeddings, targets, files, np.arange(len(labels) + 1))
    files, starts, times = _frames(path / f"{split.name}.filename-timestamps.json", len(labels))
    events = dict(zip(split.files, split.events, strict=True))
    strangers = [name for name in files if name not in events]
    if strangers:
        raise TaskError(
            f"{path}/{split.name}.filename-timestamps.json: {strangers[0]} is not in "
            f"{split.name}.json"
        )
    of_files = tuple(events[name] for name in files)
    return SplitData(split.name, embeddings, targets, files, starts, times, of_files)


def _embeddings(path: Path, split: str) -> NDArray[np.float32]:
    shape_file = path / f"{split}.embedding-dimensions.json"
    shape = _json(shape_file)
    if not (
        isinstance(shape, list)
        and len(shape) == 2
        and all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in shape)
    ):
        raise TaskError(f"{shape_file}: must hold the numbers of rows and of features, not {shape}")
    file = path / f"{split}.embeddings.npy"
    try:
        size = file.stat().st_size
    except OSError as error:
        raise TaskError(f"{file}: cannot be read: {error.strerror}") from None
    if size != 4 * shape[0] * shape[1]:
        raise TaskError(
            f"{file}: has {size} bytes, but {shape[0]} rows of {shape[1]} numbers have "
            f"{4 * shape[0] * shape[1]}; let heareval embed the task again"
        )
    return np.memmap(file, np.float32, "r", shape=(shape[0], shape[1]))


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise TaskError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise TaskError(f"{path}: cannot be read as JSON ({error})") from None


class _Unpickler(pickle.Unpickler):
    """Loads plain containers and numbers only: a pickle of others could run any code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _HARMLESS:
            raise pickle.UnpicklingError(f"names {module}.{name}, which is no plain value")
        return super().find_class(module, name)


def _labels(path: Path, n_rows: int) -> list[tuple[str, ...]]:
    """The labels of each row, as texts."""
    try:
        rows = _Unpickler(io.BytesIO(path.read_bytes())).load()
    except OSError as error:
        raise TaskError(f"{path}: cannot be read: {error.strerror}") from None
    except Exception as error:  # a broken pickle raises anything
        raise TaskError(f"{path}: cannot be read as a list of labels ({error})") from None
    if not isinstance(rows, list) or not all(isinstance(row, (list, tuple)) for row in rows):
        raise TaskError(f"{path}: must hold a list of lists of labels")
    if len(rows) != n_rows:
        raise TaskError(f"{path}: has the labels of {len(rows)} rows; there are {n_rows}")
    return [tuple(map(str, row)) for row in rows]


def _names_of_rows(
    split: Split, shuffled: Sequence[int], labels: Sequence[tuple[str, ...]]
) -> tuple[str, ...]:
    """The recording of each row, which heareval does not write down.

    It follows from the order in which heareval shuffles. Where the labels do not fit that order,
    rows are numbered instead.
    """
    if len(labels) == len(shuffled) and all(
        labels[row] == split.labels[file] for row, file in enumerate(shuffled)
    ):
        return tuple(split.files[file] for file in shuffled)
    return tuple(f"row {row}" for row in range(len(labels)))


def _frames(
    path: Path, n_rows: int
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.float64]]:
    """Recordings, their first rows, and the time of each row."""
    entries = _json(path)
    try:
        slugs = [Path(slug).name for slug, _ in entries]
        times = np.array([time for _, time in entries], np.float64)
    except (TypeError, ValueError):
        raise TaskError(f"{path}: must hold a list of [recording, milliseconds]") from None
    if len(slugs) != n_rows:
        raise TaskError(f"{path}: has the times of {len(slugs)} rows; there are {n_rows}")
    runs = [(name, len(list(some))) for name, some in itertools.groupby(slugs)]
    files = tuple(name for name, _ in runs)
    if len(set(files)) < len(files):
        raise TaskError(f"{path}: the frames of one recording do not stand together")
    return files, np.cumsum([0, *(n for _, n in runs)]), times


def write(data: TaskData, path: Path) -> None:
    """Write embeddings as heareval does, for it to read; each file atomically.

    Args:
        data: A task with embeddings.
        path: The folder; it is made, and files of these names are replaced.

    Raises:
        OutputError: If it cannot be written.
    """
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
        _put_json(path / METADATA, _metadata(data))
        with written_atomically(path / task_folder.VOCABULARY) as file:
            file.write(_vocabulary(data.vocabulary))
        splits = [data.splits[name] for name in data.metadata.splits]
        orders = order.of_rows([len(split.files) for split in splits])
        for split, shuffled in zip(splits, orders, strict=True):
            _write_split(data, split, shuffled, path)


def _write_split(data: TaskData, split: SplitData, shuffled: Sequence[int], path: Path) -> None:
    labels = [[data.vocabulary[n] for n in np.nonzero(row)[0]] for row in split.targets]
    truth: dict[str, Any]
    if split.events is None:
        # As before the shuffling, from which readers know the recording of each row.
        rows = np.argsort(shuffled)
        truth = {split.files[row]: labels[row] for row in rows}
    else:
        truth = {
            name: [{"label": e.label, "start": e.start, "end": e.end} for e in events]
            for name, events in zip(split.files, split.events, strict=True)
        }
    _put_json(path / f"{split.name}.json", truth)
    with written_atomically(path / f"{split.name}.embeddings.npy") as file:
        step = max(1, _BLOCK_BYTES // max(1, 4 * split.embeddings.shape[1]))
        for start in range(0, len(split.embeddings), step):
            block = split.embeddings[start : start + step]
            file.write(np.ascontiguousarray(block, np.float32).data)
    with written_atomically(path / f"{split.name}.target-labels.pkl") as file:
        pickle.dump(labels, file)
    if split.timestamps is not None:
        names = np.repeat(np.array(split.files, object), np.diff(split.starts))
        slugs = [str(path / split.name / name) for name in names]
        pairs = list(zip(slugs, split.timestamps.tolist(), strict=True))
        _put_json(path / f"{split.name}.filename-timestamps.json", pairs)
    # Last: whoever finds the shape finds the rest.
    _put_json(path / f"{split.name}.embedding-dimensions.json", list(split.embeddings.shape))


def _put_json(path: Path, content: object) -> None:
    with written_atomically(path) as file:
        file.write(json.dumps(content, indent=4).encode())


def _vocabulary(labels: Iterable[str]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("idx", "label"))
    writer.writerows(enumerate(labels))
    return text.getvalue().encode()


def _metadata(data: TaskData) -> dict[str, Any]:
    """The file as it was, or what the evaluation needs of it."""
    known = data.metadata
    if known.raw:
        return dict(known.raw)
    params: dict[str, Any] = {"task_specific_param_grid": known.param_grid}
    if known.postprocessing_grid:
        params["event_postprocessing_grid"] = known.postprocessing_grid
    return {
        "task_name": known.task_name,
        "version": known.version,
        "mode": known.mode,
        "embedding_type": known.embedding_type,
        "prediction_type": known.prediction_type,
        "split_mode": known.split_mode,
        "splits": list(known.splits),
        "sample_duration": known.sample_duration,
        "evaluation": list(known.evaluation),
        "use_scoring_for_early_stopping": known.use_scoring_for_early_stopping,
        "evaluation_params": params,
    }
