"""The public leaderboard as numbers, and which task folder is which of its columns."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_FILE = Path(__file__).with_name("leaderboard.csv")

_ABOUT = ("Model", "URL", "Submission Date")
"""Columns that are no scores."""

COLUMNS: dict[tuple[str, str], str] = {
    ("beehive_states", "full"): "Beehive",
    ("beijing_opera", "full"): "Beijing Opera",
    ("crema_d", "full"): "CREMA-D",
    ("dcase2016_task2", "full"): "DCASE 2016",
    ("esc50", "full"): "ESC-50",
    ("fsd50k", "full"): "FSD50K",
    ("gtzan", "full"): "GTZAN Genre",
    ("gtzan_music_speech", "full"): "GTZAN Music/Speech",
    ("gunshot_triangulation", "full"): "Gunshot",
    ("libricount", "full"): "Libricount",
    ("maestro", "5h"): "Maestro 5h",
    ("mridangam_stroke", "full"): "Mridangam Stroke",
    ("mridangam_tonic", "full"): "Mridangam Tonic",
    ("nsynth_pitch", "50h"): "NSynth Pitch 50h",
    ("nsynth_pitch", "5h"): "NSynth Pitch 5h",
    ("speech_commands", "5h"): "Speech commands 5h",
    ("speech_commands", "full"): "Speech commands full",
    ("vocal_imitation", "full"): "Vocal Imitation",
    ("vox_lingua_top10", "full"): "VoxLingua107 top 10",
}
"""Columns by the task's name and mode in its metadata."""

_PREFIX = "tfds_"
"""What the organisers put before the names of tasks that come from TensorFlow Datasets."""

_PARTS = "beehive_states"
"""A task of two folders, whose names end in the fold."""


@dataclass(frozen=True)
class Leaderboard:
    """The leaderboard.

    Attributes:
        models: Names of the models.
        dates: When each was handed in.
        tasks: Names of the tasks.
        scores: Fractions, shape (n_models, n_tasks); NaN where there is none.
    """

    models: tuple[str, ...]
    dates: tuple[str, ...]
    tasks: tuple[str, ...]
    scores: NDArray[np.float64]


@functools.cache
def read() -> Leaderboard:
    """The leaderboard that comes with this package."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    tasks = tuple(name for name in rows[0] if name not in _ABOUT)
    scores = [[float(row[task]) if row[task] else np.nan for task in tasks] for row in rows]
    return Leaderboard(
        tuple(row["Model"] for row in rows),
        tuple(row["Submission Date"] for row in rows),
        tasks,
        np.array(scores),
    )


def column_of(task_name: str, mode: str) -> str | None:
    """The column that a task folder belongs to; None if it is not on the board.

    Args:
        task_name: Name of the task in its metadata.
        mode: Mode of the task in its metadata.

    Examples:
        >>> from hearkit.evaluation.board import column_of
        >>> column_of("tfds_crema_d", "full"), column_of("esc50", "small")
        ('CREMA-D', None)
    """
    name = task_name.removeprefix(_PREFIX)
    if name.startswith(_PARTS):
        name = _PARTS
    return COLUMNS.get((name, mode))
