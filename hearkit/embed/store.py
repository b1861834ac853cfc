"""Results on disk: one `.npz` file for each audio file.

NumPy alone loads an `.npz` file: `numpy.load(path)` gives

| entry | shape | what |
| --- | --- | --- |
| `scene_embedding` | (scene_embedding_size,) | float32 |
| `timestamp_embeddings` | (n_timestamps, timestamp_embedding_size) | float32 |
| `timestamps` | (n_timestamps,) | float32, milliseconds |
| `source` | () | path of the audio file, as given |
| `duration` | () | float64, duration of the audio file in seconds |
| `sample_rate` | () | int64, sample rate of the model in Hz |
| `module`, `weights` | () | the HEAR module and its checkpoint; "" for the default checkpoint |
| `version` | () | version of hearbaseline that wrote the file |
| `fingerprint` | () | digest of what the result was made from; tells whether it is current |

Nothing is pickled, and files are written atomically.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import written_atomically
from ..version import version


def read(path: str | Path) -> dict[str, NDArray[Any]]:
    """Load a result.

    Args:
        path: A file that `hear-embed` wrote.

    Returns:
        The entries by name: `scene_embedding`, shape (scene_embedding_size,),
        `timestamp_embeddings`, shape (n_timestamps, timestamp_embedding_size), `timestamps`,
        shape (n_timestamps,), in ms, and the entries that say where these come from.

    Raises:
        OSError: If there is no such file.
        ValueError: If the file is not a complete result.

    Examples:
        After `hear-embed tests/data/audio --out embeddings`:

        >>> from hearkit.embed import read
        >>> result = read("embeddings/misc_crow.flac.npz")
        >>> result["scene_embedding"].shape, result["timestamps"][:3].tolist()
        ((4096,), [0.0, 50.0, 100.0])
    """
    try:
        with _opened(path) as file:
            return {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
        raise ValueError(f"{path}: is no complete result of hear-embed ({error})") from None


def write(path: Path, entries: Mapping[str, Any]) -> None:
    """Write a result atomically.

    Args:
        path: The `.npz` file; its folder is made.
        entries: Arrays and plain values by name.

    Raises:
        OSError: If the folder cannot be written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in entries.items()}
    with written_atomically(path) as file:
        np.savez(file, **arrays)


def is_current(path: Path, fingerprint: str) -> bool:
    """Whether there is a valid result that was made from the same things.

    The checksums of the archive are compared, so a damaged result is not taken for one.
    """
    try:
        with _opened(path) as file:
            return bool(file["fingerprint"] == fingerprint) and file.zip.testzip() is None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return False


@contextmanager
def _opened(path: str | Path) -> Iterator[Any]:
    # Opened here, since numpy.load leaves a file that is no archive open.
    with Path(path).open("rb") as raw:
        if not zipfile.is_zipfile(raw):
            raise zipfile.BadZipFile("no archive, or its end is missing")
        raw.seek(0)
        with np.load(raw, allow_pickle=False) as file:
            yield file


State = list[tuple[str, int, int]]
"""Files by their place, size and time of change."""


def state(files: Iterable[Path]) -> State:
    """What tells whether files have changed.

    Raises:
        OSError: If one of them is gone.
    """
    places = [path.resolve() for path in files]
    stats = [path.stat() for path in places]
    return [(str(p), s.st_size, s.st_mtime_ns) for p, s in zip(places, stats, strict=True)]


def fingerprint(source: Path, module: str, made_with: State) -> str:
    """Of what a result depends on: the audio, the module, its code, its weights, our version.

    The device and the batch size do not count, since they change embeddings by rounding only.

    Args:
        source: The audio file.
        module: The HEAR module's name.
        made_with: State of the files whose change makes results stale: the module's own, the
            weights. Asked for once, since it takes as long as reading a short sound.

    Raises:
        OSError: If the audio file is gone.
    """
    known = json.dumps([version(), module, made_with, state([source])])
    return hashlib.sha256(known.encode()).hexdigest()
