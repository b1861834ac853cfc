"""A labelled task: its table of recordings, and their samples."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hearkit.audio import load as load_sound
from hearkit.errors import HearError, UnreadableError
from hearkit.files import written_atomically

Clip = NDArray[np.float32]

COLUMNS = ["path", "label", "group"]


class ProbeError(HearError):
    """One line for the user: what is wrong, where, how to fix it."""


@dataclass(frozen=True)
class Row:
    """A line of a task's table.

    Attributes:
        path: Of the recording, below the root.
        label: A class, or several with spaces between them.
        group: What must not be on both sides of a split.
    """

    path: str
    label: str
    group: str


@dataclass(frozen=True)
class Task:
    """Recordings with labels.

    Attributes:
        name: The table's, without its suffix.
        clips: Mono, each float32 of shape (n_samples,), of any length.
        labels: One for each clip.
        groups: One for each clip.
        multilabel: Whether a label is several classes with spaces between them.
        sample_rate: Of the clips, Hz.
    """

    name: str
    clips: list[Clip]
    labels: list[str]
    groups: list[str]
    multilabel: bool
    sample_rate: int

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the clips: tasks with the same recordings share their embeddings."""
        sha = hashlib.sha256(str(self.sample_rate).encode())
        for clip in self.clips:
            sha.update(len(clip).to_bytes(8, "little"))
            sha.update(clip.tobytes())
        return sha.hexdigest()


def read_rows(table: Path) -> list[Row]:
    """Read a task's table.

    Args:
        table: CSV in UTF-8 with the columns path, label and group.

    Raises:
        ProbeError: If it is missing, or not such a table.
    """
    try:
        with table.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise ProbeError(
                    f"{table}: lacks the column {missing[0]}; needed: path,label,group"
                )
            rows = []
            for row in reader:
                if not all((row[name] or "").strip() for name in COLUMNS):
                    raise ProbeError(
                        f"{table}:{reader.line_num}: has an empty path, label or group; fill it in"
                    )
                rows.append(Row(*(row[name].strip() for name in COLUMNS)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ProbeError(f"{table}: cannot be read ({reason}); give a CSV file in UTF-8") from error
    if not rows:
        raise ProbeError(f"{table}: holds no clips")
    return rows


def is_multilabel(rows: list[Row]) -> bool:
    """The rule: as soon as one label has a space in it, all are lists of classes."""
    return any(" " in row.label for row in rows)


def load(
    table: Path | str, root: Path | str, sample_rate: int = 16000, cache: Path | str | None = None
) -> Task:
    """Load a task and decode its clips.

    Args:
        table: See `read_rows`.
        root: The folder that the table's paths begin in.
        sample_rate: Hz wanted.
        cache: A folder in which decoded clips are kept for the next time.

    Raises:
        ProbeError: If the table is none, or a recording is missing or cannot be decoded.
    """
    table, root = Path(table), Path(root)
    rows = read_rows(table)
    paths = [root / row.path for row in rows]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise ProbeError(
            f"{table}: {missing[0]} is missing, {len(missing)} of {len(paths)} recordings are; "
            "unpack them there, or give another root"
        )
    clips = _kept(cache, paths, sample_rate, lambda: [_decode(p, sample_rate) for p in paths])
    return Task(
        table.stem,
        clips,
        [row.label for row in rows],
        [row.group for row in rows],
        is_multilabel(rows),
        sample_rate,
    )


def _decode(path: Path, sample_rate: int) -> Clip:
    try:
        return load_sound(path, sample_rate).audio
    except UnreadableError as error:
        # A probe without the clip would be another task: here nothing is skipped.
        raise ProbeError(str(error).replace("; skipped, ", "; ")) from error


def _kept(
    cache: Path | str | None, paths: list[Path], sample_rate: int, decode: Callable[[], list[Clip]]
) -> list[Clip]:
    """The clips from the cache, or decoded and put there."""
    if cache is None:
        return decode()
    sha = hashlib.sha256(str(sample_rate).encode())
    for path in paths:
        seen = path.stat()  # so that a recording that was replaced is decoded again
        sha.update(f"{path.resolve()} {seen.st_size} {seen.st_mtime_ns}\n".encode())
    kept = Path(cache) / f"clips-{sha.hexdigest()[:20]}.npz"
    if kept.is_file():
        with np.load(kept) as held:
            samples, lengths = held["samples"], held["lengths"]
        return np.split(samples, np.cumsum(lengths)[:-1])
    clips = decode()
    write_arrays(kept, samples=np.concatenate(clips), lengths=np.array([len(c) for c in clips]))
    return clips


def write_arrays(path: Path, **arrays: NDArray[np.generic]) -> None:
    """Write an `.npz` file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_atomically(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
