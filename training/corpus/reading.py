"""The corpus as `python -m training.corpus` wrote it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def opened(folder: Path) -> tuple[NDArray[np.int16], list[dict[str, str]]]:
    """All recordings concatenated, int16, 16 kHz, mono, memory-mapped; and the manifest's rows.

    Args:
        folder: Holds `audio.npy` and `manifest.csv`.

    Raises:
        FileNotFoundError: If it does not.
    """
    for name in ("audio.npy", "manifest.csv"):
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"{folder / name}: there is no such file; gather it first with "
                "python -m training.corpus"
            )
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return np.load(folder / "audio.npy", mmap_mode="r"), list(csv.DictReader(file))
