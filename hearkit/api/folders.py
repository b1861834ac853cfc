"""Temporary folders of workers: named after the process that they end with, and removed whole."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from .. import machine

_PREFIX = "hear-worker-"
"""What the names of temporary folders begin with, before the number of their process."""


def made(home: Path | None = None) -> Path:
    """A new temporary folder of this process.

    Args:
        home: The folder that it is made in; None for that of temporary files.
    """
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=home))


def sweep(home: Path) -> None:
    """Remove folders of processes that were killed: in shared memory they would cost memory."""
    for folder in home.glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not machine.is_running(int(owner)):
            remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as that is allowed.

    `shutil.rmtree` ends at a thousand folders in one another, and no path is longer than 4096
    bytes. Therefore folders in folders are moved up first, so that none lies deep.
    """
    with contextlib.suppress(OSError):
        if folder.is_symlink() or not folder.is_dir():
            folder.unlink()
            return
        names = (folder / f".hear-{n}" for n in count())
        while _emptied_once(folder, names):
            pass
        folder.rmdir()


def _emptied_once(folder: Path, names: Iterator[Path]) -> bool:
    """Remove files two folders deep, and move the folders there up; whether that did anything."""
    changed = False
    for entry in _entries(folder):
        if not entry.is_dir(follow_symlinks=False):
            changed |= _removed(entry)
            continue
        for inner in _entries(Path(entry.path)):
            if inner.is_dir(follow_symlinks=False):
                changed |= _moved(inner, next(names))
            else:
                changed |= _removed(inner)
        changed |= _removed(entry)
    return changed


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
        with os.scandir(folder) as found:
            return list(found)
    return []


def _removed(entry: os.DirEntry[str]) -> bool:
    path = Path(entry.path)
    with contextlib.suppress(OSError):
        if entry.is_dir(follow_symlinks=False):
            path.rmdir()
        else:
            path.unlink()
        return True
    return False


def _moved(entry: os.DirEntry[str], place: Path) -> bool:
    with contextlib.suppress(OSError):
        path = Path(entry.path)
        path.chmod(0o700)  # moving a folder writes to it
        path.rename(place)
        return True
    return False
