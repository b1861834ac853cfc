"""Results on disk: one `.npz` file for each audio file.

NumPy alone loads an `.npz` file: `numpy.load(path)` gives

| entry | shape | what |
| --- | --- | --- |
| `scene_embedding` | (scene_embedding_size,) | float32 |
| `timestamp_embeddings` | (n_timestamps, timestamp_embedding_size) | float32 |
| `timestamps` | (n_timestamps,) | float32, milliseconds |
| `source` | () | path or URL of the audio file, as given |
| `duration` | () | float64, duration of the audio file in seconds |
| `sample_rate` | () | int64, sample rate of the model in Hz |
| `module`, `weights` | () | the HEAR module and its checkpoint; "" for the default checkpoint |
| `version` | () | version of hearbaseline that wrote the file |
| `fingerprint` | () | digest of what the result was made from; tells whether it is current |
| `made_from` | (4,) | the audio file's SHA-256, its full path or URL, its size and times (at a URL its size and ETag), and files that the module read in its calls, as JSON |

Nothing is pickled, and files are written atomically.
"""  # noqa: E501 - a row of a table is a line

from __future__ import annotations

import contextlib
import errno
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UnwritableError
from ..files import written_atomically
from ..remote.url import Place, Url, place_of_text, shown
from . import archive
from .origin import Origin


def read(path: str | Path | Url, name: str = "") -> dict[str, NDArray[Any]]:
    """Load a result.

    Args:
        path: A `.npz` file that `hear-embed` wrote; or one in Parquet, or the folder of them. Text
            may be a URL, such as `s3://bucket/embeddings/bell.wav.npz`.
        name: In Parquet, which recording: its path below the folder that was embedded, as in the
            column `path`.

    Returns:
        The entries by name: `scene_embedding`, shape (scene_embedding_size,),
        `timestamp_embeddings`, shape (n_timestamps, timestamp_embedding_size), `timestamps`,
        shape (n_timestamps,), in ms, and the entries that say where these come from.

    Raises:
        OSError: If there is no such file, or it cannot be read.
        UsageError: If it is at a URL whose store cannot be used.
        KeyError: If there is no result of this name.
        ValueError: If the file is not a complete result, or a name is missing or not wanted.

    Examples:
        After `hear-embed tests/data/audio --out embeddings`:

        >>> from hearkit.embed import read
        >>> result = read("embeddings/misc_crow.flac.npz")
        >>> result["scene_embedding"].shape, result["timestamps"][:3].tolist()
        ((4096,), [0.0, 50.0, 100.0])
    """
    place = place_of_text(path) if isinstance(path, str) else path
    if place.suffix == ".parquet" or _is_folder(place, name):
        if not name:
            raise ValueError(f"{path}: name the recording, such as read({str(path)!r}, 'bell.wav')")
        from .parquet.reading import read_row

        return read_row(place, name)
    if name and isinstance(place, Path) and not place.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if name:
        raise ValueError(f"{path}: has one result only; leave out the name {name!r}")
    try:
        with _opened(place) as file:
            return {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
        raise ValueError(f"{path}: is no complete result of hear-embed ({error})") from None


def _is_folder(place: Place, name: str) -> bool:
    if isinstance(place, Path):
        return place.is_dir()
    # Of a store this is asked only where it may be one.
    if not name and place.suffix == ".npz":
        return False
    from ..remote.store import store_of

    return store_of(place).facts(place).is_folder


@contextmanager
def _opened(place: Place) -> Iterator[Any]:
    # Opened here, since numpy.load leaves a file that is no archive open.
    with _raw(place) as raw:
        if not zipfile.is_zipfile(raw):
            raise zipfile.BadZipFile("no archive, or its end is missing")
        raw.seek(0)
        with np.load(raw, allow_pickle=False) as file:
            yield file


def _raw(place: Place) -> IO[bytes]:
    """The bytes of a file or an object.

    Raises:
        OSError: If there is none, or it cannot be read.
    """
    if isinstance(place, Path):
        return place.open("rb")
    from ..remote.copies import gathered

    return gathered(place)


def write(path: Path, entries: Mapping[str, Any], origin: Origin | None = None) -> None:
    """Write a result atomically; that of another recording is not replaced.

    Args:
        path: The `.npz` file; its folder is made.
        entries: Arrays and plain values by name.
        origin: What the result was made from; None to replace whatever is there.

    Raises:
        OSError: If the folder cannot be written, or the disk is full.
        UnwritableError: If the result of another recording is there, or another file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in entries.items()}
    if origin is not None:
        arrays |= origin.entries()
        if _is_free(path, origin):
            # Between the look and the write another run may have put its own there.
            with contextlib.suppress(FileExistsError):
                _save(path, arrays, replace=False)
                return
            _is_free(path, origin)
    _save(path, arrays, replace=True)


def _save(path: Path, arrays: dict[str, Any], *, replace: bool, sync: bool = True) -> None:
    with written_atomically(path, replace=replace, sync=sync) as file:
        np.savez(file, **arrays)


def _is_free(path: Path, origin: Origin) -> bool:
    """Whether nothing is there; something may be replaced that this returns for.

    Raises:
        UnwritableError: If it may not.
    """
    if not os.path.lexists(path):
        return True
    refuse_others(path, archive.look(path), origin)
    return False


def refuse_others(path: Place, found: archive.Found, origin: Origin) -> None:
    """Raise where a result is about to be replaced that is another recording's.

    A recording is the same by its place or by its contents.

    Args:
        path: Where the result goes.
        found: What is there.
        origin: What it was made from.

    Raises:
        UnwritableError: See above.
    """
    there = found.origin
    if found.foreign:
        raise UnwritableError(
            f"{shown(path)} {found.foreign} and is not replaced; choose another --out"
        )
    if there is None or there.place == origin.place:
        return
    if not (there.contents and there.contents == origin.contents):
        raise UnwritableError(
            f"{shown(path)} is the result of another recording, {there.place}, and is not "
            "replaced; choose another --out"
        )


def renew(path: Path, origin: Origin) -> None:
    """Note in a current result the new place and times of its recording.

    The next look at it then needs not read the recording. That this fails changes nothing.
    """
    with contextlib.suppress(OSError, ValueError):
        times = path.stat()
        entries = read(path)
        if str(entries.get("fingerprint")) != origin.fingerprint:
            return  # another run has replaced it since it was looked at
        # Waiting for the disk takes as long as embedding a short sound. What a power failure
        # damages is made again.
        _save(path, entries | origin.entries(), replace=True, sync=False)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
