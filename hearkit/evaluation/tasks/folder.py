"""A task folder as the organisers' preprocessing writes it, read into plain data.

The format is HEAR_EVAL's, section 1. Archives are unpacked by the user; a folder that holds
`hear-<version>/tasks/<task>/`, `tasks/<task>/` or `<task>/` is searched.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import TaskError, UsageError
from . import metadata
from .faults import Faults
from .task import Event, Metadata

_DEPTH = 3
"""Folders to go down in search of tasks: hear-<version>, tasks, <task>."""

VOCABULARY = "labelvocabulary.csv"


@dataclass(frozen=True)
class Split:
    """The recordings of a split, in the order of its JSON file.

    Attributes:
        name: Name of the split.
        files: Names of the recordings.
        labels: Labels of each recording; of an event task, those of its events.
        events: Events of each recording; None for scenes.
    """

    name: str
    files: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    events: tuple[tuple[Event, ...], ...] | None = None


@dataclass(frozen=True)
class Task:
    """A task folder.

    Attributes:
        path: The folder.
        metadata: Metadata of the task.
        vocabulary: Labels, in the order of their indices.
        splits: The splits, in the order of the metadata.
        rates: Sample rates in Hz for which there is audio, ascending.
    """

    path: Path
    metadata: Metadata
    vocabulary: tuple[str, ...]
    splits: tuple[Split, ...]
    rates: tuple[int, ...]

    @property
    def name(self) -> str:
        """The folder's name, which results are filed under."""
        return self.path.resolve().name


def find(folders: Iterable[Path]) -> list[Path]:
    """The task folders that are named, or lie in the folders that are.

    Args:
        folders: Task folders, or folders that hold some.

    Raises:
        UsageError: If one does not exist, none is found, or two have the same name.
    """
    found: dict[str, Path] = {}
    for given in folders:
        if not given.is_dir():
            problem = "is no folder" if given.exists() else "there is no such folder"
            advice = "unpack the archive and name the folder" if given.is_file() else "name a task"
            raise UsageError(f"{given}: {problem}; {advice}")
        for path in _tasks_in(given):
            name = path.resolve().name
            before = found.setdefault(name, path)
            if before.resolve() != path.resolve():
                raise UsageError(
                    f"{before} and {path} are both called {name}; unpack the archives of one task "
                    "over each other, or name one of them"
                )
    return list(found.values())


def _tasks_in(folder: Path) -> list[Path]:
    if _is_task(folder):
        return [folder]
    level = [folder]
    found: list[Path] = []
    for _ in range(_DEPTH):
        level = sorted(child for above in level for child in above.iterdir() if child.is_dir())
        found += [path for path in level if _is_task(path)]
        level = [path for path in level if not _is_task(path) and not path.name.startswith(".")]
    if not found:
        raise UsageError(f"{folder}: holds no task; one is a folder with {metadata.FILE}")
    return found


def _is_task(folder: Path) -> bool:
    return (folder / metadata.FILE).exists() or (folder / VOCABULARY).exists()


def read(path: Path) -> tuple[Task, list[str]]:
    """Read a task folder; recordings are not opened.

    Returns:
        The task, and what its score is to be read with.

    Raises:
        TaskError: If it cannot be scored; the line says everything that is wrong.
    """
    faults = Faults()
    task = collect(path, faults)
    if task is None or faults.fatal:
        raise TaskError(f"{path}: {'; '.join(faults.fatal)}")
    return task, faults.others


def collect(path: Path, faults: Faults, *, with_audio: bool = True) -> Task | None:
    """Read a task folder as far as it goes.

    Args:
        path: The folder.
        faults: Takes what is wrong.
        with_audio: Whether there must be audio; next to embeddings there is none.

    Returns:
        The task; None if too little of it can be read to go on.
    """
    raw = _json(path / metadata.FILE, faults)
    known = None if raw is None else metadata.parsed(raw, faults)
    vocabulary = _vocabulary(path / VOCABULARY, faults)
    if known is None:
        return None
    splits = [_split(path, name, known, vocabulary, faults) for name in known.splits]
    rates = sorted(
        int(child.name)
        for child in path.iterdir()
        if child.name.isdecimal() and child.is_dir() and int(child.name)
    )
    if with_audio and not rates:
        faults.add("there is no audio: no folder is named by a sample rate, such as 48000")
    present = tuple(split for split in splits if split is not None)
    _overlaps(present, faults)
    return Task(path, known, tuple(vocabulary), present, tuple(rates))


class _TwiceError(ValueError):
    """A key that stands twice in a JSON object."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _TwiceError(f"has the key {next(k for k in keys if keys.count(k) > 1)!r} twice")
    return made


def _json(path: Path, faults: Faults) -> Any:
    """What a JSON file holds; None if it cannot be read."""
    try:
        return json.loads(path.read_text("utf-8"), object_pairs_hook=_unique)
    except FileNotFoundError:
        faults.add(f"{path.name}: is missing")
    except _TwiceError as error:
        faults.add(f"{path.name}: {error}")
    except (OSError, ValueError, RecursionError) as error:
        faults.add(f"{path.name}: cannot be read as JSON ({error})")
    return None


def _vocabulary(path: Path, faults: Faults) -> list[str]:
    """The labels in the order of their indices; `NA` and `None` are labels like any other."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        faults.add(f"{path.name}: is missing")
        return []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        faults.add(f"{path.name}: cannot be read as CSV ({error})")
        return []
    if not rows or not {"idx", "label"} <= set(rows[0]):
        faults.add(f"{path.name}: needs the columns idx,label and a row for each label")
        return []
    labels: dict[int, str] = {}
    for number, row in enumerate(rows, start=2):
        index, label = (row["idx"] or "").strip(), row["label"]
        if not index.isdecimal() or not label:
            faults.add(f"{path.name}:{number}: needs a whole number and a label")
        elif int(index) in labels:
            faults.add(f"{path.name}:{number}: has the index {index} a second time")
        else:
            labels[int(index)] = label
    if sorted(labels) != list(range(len(labels))):
        faults.add(f"{path.name}: the indices must be 0 to {len(labels) - 1}, each once")
    names = [labels[index] for index in sorted(labels)]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults.add_for(path.name, twice, "stand for more than one index")
    return names


def _split(
    folder: Path, name: str, known: Metadata, vocabulary: list[str], faults: Faults
) -> Split | None:
    file = f"{name}.json"
    raw = _json(folder / file, faults)
    if raw is None:
        return None
    if not isinstance(raw, dict) or not all(isinstance(v, list) for v in raw.values()):
        faults.add(f"{file}: must be an object from the names of recordings to lists")
        return None
    if not raw:
        faults.add(f"{file}: has no recordings")
    unsafe = [n for n in raw if not n or n.startswith("/") or ".." in Path(n).parts or "\0" in n]
    faults.add_for(file, map(repr, unsafe), "cannot be names of recordings")
    events = None
    if known.embedding_type == "event":
        events = tuple(_events(file, n, items, faults) for n, items in raw.items())
        labels = tuple(tuple(event.label for event in one) for one in events)
    else:
        labels = tuple(_labels(file, n, items, faults) for n, items in raw.items())
        if known.prediction_type == "multiclass":
            wrong = [f"{n} ({len(items)})" for n, items in raw.items() if len(items) != 1]
            faults.add_for(file, wrong, "must have exactly one label, since the task is multiclass")
    allowed = set(vocabulary)
    foreign = sorted({label for one in labels for label in one} - allowed)
    if vocabulary:
        faults.add_for(file, map(repr, foreign), f"are labels that {VOCABULARY} lacks")
    return Split(name, tuple(raw), labels, events)


def _labels(file: str, name: str, items: list[Any], faults: Faults) -> tuple[str, ...]:
    """Labels of a recording; as texts, since 1 and "1" are the same to the oracle."""
    if any(isinstance(item, (list, dict, float)) for item in items):
        faults.add(f"{file}: {name} has a label that is neither a text nor an integer")
        return ()
    return tuple(str(item) for item in items)


def _events(file: str, name: str, items: list[Any], faults: Faults) -> tuple[Event, ...]:
    made = []
    for item in items:
        if not isinstance(item, dict) or not {"label", "start", "end"} <= set(item):
            faults.add(f"{file}: {name} has an event without label, start and end")
            continue
        times = item["start"], item["end"]
        if not all(_is_time(t) for t in times):
            faults.add(f"{file}: {name} has an event from {times[0]!r} to {times[1]!r} ms")
            continue
        start, end = map(float, times)
        if start < 0 or end < start:
            faults.add(f"{file}: {name} has an event from {start:g} to {end:g} ms")
            continue
        made.append(Event(str(item["label"]), start, end))
    return tuple(made)


def _is_time(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _overlaps(splits: tuple[Split, ...], faults: Faults) -> None:
    """Recordings in two splits: what is tested was trained on."""
    for at, split in enumerate(splits):
        for other in splits[at + 1 :]:
            both = sorted(set(split.files) & set(other.files))
            where = f"{split.name}.json and {other.name}.json"
            faults.add_for(where, both, "are in both; a split must not share any", fatal=False)
