"""What teachers make of the corpus, kept in files: computed once, read in crops."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float16]


@dataclass(frozen=True)
class Layout:
    """An array's part for one chunk.

    Attributes:
        n_frames, size: Its shape.
        first, hop: Centre of the first frame in the chunk, and distance between frames, s.
    """

    n_frames: int
    size: int
    first: float
    hop: float


class Kept:
    """Features of all chunks: an array for each name, and which chunks are done.

    Args:
        folder: Of this teacher's files.
        key: All that decides the features, such as the checksums of corpus and weights.
        layouts: Of each array, by name.
        n_chunks: Chunks of the corpus.

    Raises:
        ValueError: If the folder has features of another key.
    """

    def __init__(
        self,
        folder: Path,
        key: Mapping[str, Any],
        layouts: Mapping[str, Layout],
        n_chunks: int,
    ):
        folder.mkdir(parents=True, exist_ok=True)
        described = {name: asdict(layout) for name, layout in layouts.items()}
        wanted = {"key": key, "layouts": described, "n_chunks": n_chunks}
        wanted = json.loads(json.dumps(wanted))
        index, done = folder / "index.json", folder / "done.npy"
        is_new = not index.is_file()
        if not is_new and json.loads(index.read_text("utf-8")) != wanted:
            raise ValueError(
                f"{folder}: has features of another corpus or other weights; delete it, or give "
                "another folder"
            )
        mode: Any = "w+" if is_new else "r+"
        self.arrays: dict[str, Array] = {
            # Where nothing was written yet, the file takes no room.
            name: np.lib.format.open_memmap(
                folder / f"{name}.npy", mode, np.float16, (n_chunks, layout.n_frames, layout.size)
            )
            for name, layout in layouts.items()
        }
        self.done: NDArray[np.bool_] = np.lib.format.open_memmap(done, mode, np.bool_, (n_chunks,))
        if is_new:
            index.write_text(json.dumps(wanted), "utf-8")

    def put(self, chunk: int, features: Mapping[str, NDArray[np.floating[Any]]]) -> None:
        """Keep a chunk's features, then note that it is done."""
        for name, array in features.items():
            self.arrays[name][chunk] = array
        self.done[chunk] = True


def read(folder: Path) -> tuple[dict[str, Array], dict[str, Layout], NDArray[np.bool_]]:
    """A teacher's arrays, memory-mapped, their layouts, and which chunks are done.

    Raises:
        FileNotFoundError: If there are none.
    """
    if not (folder / "index.json").is_file():
        raise FileNotFoundError(
            f"{folder}: has no features; make them first with python -m training.teachers"
        )
    described = json.loads((folder / "index.json").read_text("utf-8"))["layouts"]
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in described}
    layouts = {name: Layout(**layout) for name, layout in described.items()}
    return arrays, layouts, np.load(folder / "done.npy", mmap_mode="r")
