"""Arrays that go to a worker process and come back, each in a file of its own.

The files lie in a folder in shared memory where there is one with room, otherwise among the
temporary files.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import machine
from ..text import printable

_PREFIX = "hear-worker-"


class Exchange:
    """Folders for arrays: the first with room is used.

    Args:
        folders: Folders that both sides name in the same order.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)

    @classmethod
    def open(cls) -> Exchange:
        """New folders, in shared memory where there is some and among the temporary files."""
        homes = [home for home in (machine.shared_folder(), Path(tempfile.gettempdir())) if home]
        for home in homes:
            _sweep(home)
        return cls([Path(tempfile.mkdtemp(prefix=prefix(), dir=home)) for home in homes])

    def write(self, name: str, array: NDArray[Any]) -> str:
        """Save an array; what it is called in messages.

        Raises:
            OSError: If it cannot be written anywhere.
        """
        *preferred, last = range(len(self.folders))
        for n in preferred:
            # Half of the room: others share it.
            if array.nbytes < machine.free_bytes(self.folders[n]) / 2:
                write_array(self.folders[n] / name, array)
                return f"{n}/{name}"
        write_array(self.folders[last] / name, array)
        return f"{last}/{name}"

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
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def prefix() -> str:
    """What the names of this process's temporary folders begin with."""
    return f"{_PREFIX}{os.getpid()}-"


def _sweep(home: Path) -> None:
    """Remove folders of processes that were killed: in shared memory they would cost memory."""
    for folder in home.glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not machine.is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Save an array in a new file; a link or pipe put in its place is not written through.

    Raises:
        OSError: If something has this name already, or the folder is gone.
    """
    with path.open("xb") as file:
        np.save(file, array)


def read_array(path: Path, most_bytes: int) -> NDArray[Any]:
    """Read and remove an array that the other side saved.

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
    path.unlink(missing_ok=True)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufc":
        raise ValueError(f"{path.name} holds no numbers")
    return array
