"""From a table of labelled recordings to a task folder.

The table is a CSV file in UTF-8 with a row for each recording, `path,label,group`, or for each
event, `path,label,start,end` in milliseconds, with or without `group`. What has the same group is
in the same split: groups called train, valid and test are these splits, and others become folds.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ... import audio
from ...errors import UnreadableError, UsageError
from ..embeddings.store import writing
from .faults import listed
from .folder import VOCABULARY
from .metadata import FILE
from .recordings import not_skipped
from .table import Entry, read

_FOLDS = 5
_MOST_GROUPS = 8
"""Up to so many groups, each is a fold of its own; more are gathered in five folds."""

_LONGEST_NAME = 230
"""Bytes of a file's name, before a number and the suffix."""

_SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Made:
    """A task folder that was written.

    Attributes:
        path: The folder.
        n_recordings: Number of recordings.
        rate: Rate of the recordings in Hz.
        splits: Numbers of recordings by split.
        notes: What was decided or changed, in one line each.
    """

    path: Path
    n_recordings: int
    rate: int
    splits: dict[str, int]
    notes: tuple[str, ...]


def convert(
    table: Path,
    root: Path,
    out: Path,
    *,
    folds: int | None = None,
    prediction: Literal["multiclass", "multilabel"] | None = None,
) -> Made:
    """Write a task folder.

    Args:
        table: The table.
        root: Folder that the table's paths begin in.
        out: The task folder to write; its name should be `<name>-<version>-<mode>`.
        folds: Number of folds; None to choose it by the number of groups.
        prediction: Whether a recording has one label or several with spaces between them; None for
            several as soon as one label has a space in it.

    Raises:
        UsageError: If the table, a recording or the folder is at fault; nothing is written then.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: is there already; name a new folder")
    entries, several = read(table, prediction)
    missing = [entry.path for entry in entries if not (root / entry.path).is_file()]
    if missing:
        raise UsageError(
            f"{table}: {len(missing)} of {len(entries)} recordings are not below {root}: "
            f"{listed(missing)}; give the folder that the paths begin in as --root"
        )
    splits, notes = _splits(table, entries, folds)
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        # Written next to its place, so that an interrupted run leaves no half of a task.
        with tempfile.TemporaryDirectory(prefix=".hear-", dir=out.parent) as temporary:
            made = Path(temporary) / "task"
            rate, more = _write(made, root, out.name, splits, several=several)
            if out.is_dir():
                out.rmdir()
            shutil.move(made, out)
    counts = {name: len(found) for name, found in splits.items()}
    return Made(out, len(entries), rate, counts, (*notes, *more))


def _splits(
    table: Path, entries: Sequence[Entry], folds: int | None
) -> tuple[dict[str, list[Entry]], list[str]]:
    """Recordings by split, and what was decided."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.group, []).append(entry)
    if set(groups) == set(_SPLITS) and folds is None:
        return {name: groups[name] for name in _SPLITS}, []
    n = folds or (len(groups) if len(groups) <= _MOST_GROUPS else _FOLDS)
    if n < 3 or len(groups) < n:
        raise UsageError(
            f"{table}: has {len(groups)} groups, from which {n} folds cannot be made; three are "
            "needed at least, one each to train, to validate and to test"
        )
    found: dict[str, list[Entry]] = {f"fold{number:02d}": [] for number in range(n)}
    # The largest group first, each to the smallest fold so far, as scikit-learn's GroupKFold.
    for name in sorted(groups, key=lambda name: (-len(groups[name]), name)):
        fold = min(found, key=lambda fold: (len(found[fold]), fold))
        found[fold] += groups[name]
    return found, [f"{len(groups)} groups became {n} folds"]


def _write(
    folder: Path, root: Path, name: str, splits: dict[str, list[Entry]], *, several: bool
) -> tuple[int, list[str]]:
    """Write the recordings and the four kinds of files; the rate, and what was changed."""
    every = [entry for found in splits.values() for entry in found]
    rate, notes = _rate(root, every)
    is_event = every[0].events is not None
    names = _file_names([entry.path for entry in every])
    lengths, loud = set(), []
    for split, found in splits.items():
        (folder / str(rate) / split).mkdir(parents=True)
        for entry in found:
            file = names[entry.path]
            n_samples, peak = _write_sound(
                root / entry.path, folder / str(rate) / split / file, rate
            )
            lengths.add(n_samples)
            if peak > 1:
                loud.append(entry.path)
        content = {
            names[entry.path]: [{"label": e[0], "start": e[1], "end": e[2]} for e in entry.events]
            if entry.events is not None
            else list(entry.labels)
            for entry in found
        }
        _write_json(folder / f"{split}.json", content)
    if loud:
        notes.append(f"{listed(loud)} were louder than full scale and are clipped")
    duration = lengths.pop() / rate if len(lengths) == 1 else None
    _write_vocabulary(folder / VOCABULARY, {label for entry in every for label in entry.labels})
    _write_json(folder / FILE, _metadata(name, list(splits), duration, is_event, several=several))
    return rate, notes


def _rate(root: Path, entries: Sequence[Entry]) -> tuple[int, list[str]]:
    """The rate to write: the recordings' own, or the highest of several."""
    import soundfile

    rates = set()
    for entry in entries:
        try:
            rates.add(int(soundfile.info(str(root / entry.path)).samplerate))
        except (soundfile.SoundFileError, OSError, TypeError) as error:
            raise UsageError(f"{root / entry.path}: cannot be read as audio ({error})") from error
    if len(rates) == 1:
        return rates.pop(), []
    said = ", ".join(map(str, sorted(rates)))
    return max(rates), [f"recordings of {said} Hz were resampled to {max(rates)} Hz"]


def _file_names(paths: Sequence[str]) -> dict[str, str]:
    """Names of files, by path: what the paths do not share, without folders.

    No name is in two splits. Equal ones are numbered.
    """
    shared = os.path.commonpath([Path(path).parent for path in paths])
    used: set[str] = set()
    names = {}
    for path in paths:
        flat = "_".join(Path(path).relative_to(shared).with_suffix("").parts)
        # A name has 255 bytes, of which the number and the suffix need some.
        stem = flat.encode()[:_LONGEST_NAME].decode(errors="ignore")
        name, number = stem, 1
        while name in used:
            number += 1
            name = f"{stem}~{number}"
        used.add(name)
        names[path] = f"{name}.wav"
    return names


def _write_sound(source: Path, target: Path, rate: int) -> tuple[int, float]:
    """Write a recording as mono 16-bit wav; its number of samples and its peak."""
    import soundfile

    try:
        sound = audio.load(source, rate).audio
    except UnreadableError as error:
        raise UsageError(not_skipped(error)) from error
    # Rounded to the nearest step, so that 16-bit recordings stay as they are.
    scaled = np.clip(np.rint(sound.astype(np.float64) * 32768), -32768, 32767).astype(np.int16)
    soundfile.write(str(target), scaled, rate, subtype="PCM_16", format="WAV")
    return len(sound), float(np.abs(sound).max())


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), "utf-8")


def _write_vocabulary(path: Path, labels: set[str]) -> None:
    is_numeric = all(label.isdecimal() for label in labels)
    ordered = sorted(labels, key=int if is_numeric else str)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("idx", "label"), *enumerate(ordered)])


def _metadata(
    name: str, splits: list[str], duration: float | None, is_event: bool, *, several: bool
) -> dict[str, Any]:
    parts = name.split("-")
    named = len(parts) >= 3
    score = ["top1_acc"]
    if is_event:
        score = ["event_onset_200ms_fms", "segment_1s_er"]
    elif several:
        score = ["mAP"]
    metadata: dict[str, Any] = {
        "task_name": "-".join(parts[:-2]) if named else name,
        "version": parts[-2] if named else "1",
        "mode": parts[-1] if named else "full",
        "embedding_type": "event" if is_event else "scene",
        "prediction_type": "multilabel" if several else "multiclass",
        "split_mode": "trainvaltest" if "train" in splits else "new_split_kfold",
        "sample_duration": duration,
        "evaluation": score,
        "splits": splits,
    }
    if "train" not in splits:
        metadata["nfolds"] = len(splits)
    return metadata
