"""Arrays that go to a worker process and come back, each in a file of its own.

The files lie in a folder in shared memory where there is one with room, otherwise among the
temporary files.
"""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .. import machine
from ..text import printable
from .folders import made, remove, sweep

_MOST_KEPT = 64 * 1024 * 1024
"""Bytes of an array whose file is used again; that of a larger one is removed once it was read."""

_KEPT = "kept-"
"""What the names of such files begin with."""


class Exchange:
    """Folders for arrays: the first with room is used.

    A file stays for the next array of its name, unless it is large: what shared memory costs is
    its new pages.

    Args:
        folders: Folders that both sides name in the same order.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        self._kept: dict[Path, BinaryIO] = {}
        self._constant: dict[str, tuple[NDArray[Any], str]] = {}

    @classmethod
    def open(cls) -> Exchange:
        """New folders, in shared memory where there is some and among the temporary files."""
        homes = [home for home in (machine.shared_folder(), Path(tempfile.gettempdir())) if home]
        for home in homes:
            sweep(home)
        return cls([made(home) for home in homes])

    def write(self, name: str, array: NDArray[Any]) -> str:
        """Save an array; what it is called in messages.

        Args:
            name: The last array of this name, which has been read, may be overwritten.
            array: Any numbers. The last array once more, if it cannot be changed, is not written
                again.

        Raises:
            OSError: If it cannot be written anywhere.
        """
        last_array, reference = self._constant.pop(name, (None, ""))
        if array is not last_array or not self.path(reference).exists():
            reference = self._write(name, array)
        if not array.flags.writeable and _is_kept(self.path(reference)):
            self._constant[name] = array, reference
        return reference

    def _write(self, name: str, array: NDArray[Any]) -> str:
        # Half of the room: others share it.
        wanted = 2 * array.nbytes
        *preferred, last = range(len(self.folders))
        n = next((n for n in preferred if wanted < machine.free_bytes(self.folders[n])), last)
        if array.nbytes > _MOST_KEPT:
            file = f"{secrets.token_hex(16)}.npy"
            write_array(self.folders[n] / file, array)
        else:
            file = f"{_KEPT}{name}.npy"
            np.save(self._kept_file(self.folders[n] / file), array)
        return f"{n}/{file}"

    def _kept_file(self, path: Path) -> BinaryIO:
        """The open file of a name, made where there is none."""
        file = self._kept.get(path)
        # Who has removed the file, or its folder, is to be noticed here, not by the other side.
        if file is not None and os.fstat(file.fileno()).st_nlink:
            file.seek(0)
            return file
        if file is not None:
            file.close()
        self._kept[path] = path.open("xb", buffering=0)
        return self._kept[path]

    def view(self, reference: str) -> NDArray[Any]:
        """The array that a message names, valid until the next one of its name is written.

        Changes of it stay in this process. That of a large one is valid for good, and its file is
        gone: the memory is free again when the array is.
        """
        array = np.asarray(np.load(self.path(reference), mmap_mode="c", allow_pickle=False))
        self.done(reference)
        return array

    def stays(self, reference: str) -> bool:
        """Whether nobody writes to the file of an array again."""
        return not _is_kept(self.path(reference))

    def done(self, reference: str) -> None:
        """Remove the file of an array that was read, unless it is kept."""
        path = self.path(reference)
        if not _is_kept(path):
            path.unlink(missing_ok=True)

    def path(self, reference: str) -> Path:
        """Where the array is that a message names.

        Raises:
            ValueError: If the message names no place of these folders.
        """
        number, _, name = reference.partition("/")
        known = number.isdecimal() and int(number) < len(self.folders)
        if not known or name in ("", ".", "..") or Path(name).name != name:
            raise ValueError(f"{printable(reference)} is no array of this exchange")
        return self.folders[int(number)] / name

    def close(self) -> None:
        """Remove the folders."""
        for file in self._kept.values():
            file.close()
        for folder in self.folders:
            remove(folder)


def _is_kept(path: Path) -> bool:
    return path.name.startswith(_KEPT)


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Save an array in a new file; a link or pipe put in its place is not written through.

    Raises:
        OSError: If something has this name already, or the folder is gone.
    """
    with path.open("xb") as file:
        np.save(file, array)


def read_array(path: Path, most_bytes: int) -> NDArray[Any]:
    """Read an array that the other side saved, and remove its file unless that is kept.

    It is read whole, not mapped: a file that is changed or cut later changes nothing here.

    Args:
        path: The file.
        most_bytes: Larger files are refused.

    Raises:
        OSError: If there is no such plain file.
        ValueError: If it is too large or holds no plain numbers.
    """
    # Neither a link is followed nor a pipe waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError(f"{path.name} is no plain file")
        if facts.st_size > most_bytes:
            raise ValueError(f"{path.name} holds {facts.st_size / 1e9:.1f} GB")
        try:
            array: NDArray[Any] = np.load(file, allow_pickle=False)
        except (MemoryError, EOFError) as error:
            raise ValueError(f"{path.name} cannot be read: {error}") from None
    if not _is_kept(path):
        path.unlink(missing_ok=True)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufc":
        raise ValueError(f"{path.name} holds no numbers")
    return array
