"""Audio files below a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ..audio.kinds import APPLE_DOUBLE, shown
from .found import GIT, SUFFIXES, Found, LeftOut, is_result_name


def search(given: Path, left_out: LeftOut) -> list[Found]:
    """The audio files of one input.

    Args:
        given: A file, or a folder, which is searched at any depth. Linked folders are followed,
            each once, whatever they lead to.
        left_out: Is told what is not embedded.
    """
    try:
        mode = given.stat().st_mode
    except OSError as error:
        left_out.troubles.append(f"{shown(given)}: {_why(given, error)}")
        return []
    if not stat.S_ISDIR(mode):
        return [] if _is_mac_shadow(given) else [Found(given, given.name)]
    walk = _Walk(left_out)
    walk.all_below(given)
    return [Found(path, path.relative_to(given).as_posix()) for path in sorted(walk.found)]


def _why(given: Path, error: OSError) -> str:
    if given.is_symlink():
        return f"is a link to {shown(given.readlink())}, which cannot be followed"
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder; AUDIO takes files and folders"
    return f"{error.strerror}; AUDIO takes files and folders"


class _Walk:
    """A search through folders.

    Attributes:
        found: The audio files.
    """

    def __init__(self, left_out: LeftOut) -> None:
        self.found: list[Path] = []
        self._left_out = left_out
        self._seen: set[tuple[int, int]] = set()

    def all_below(self, folder: Path) -> None:
        """Search a folder, then those that links in it lead to: their own places come first."""
        links = self._below([folder], is_link=False)
        while links:
            links = self._below(links, is_link=True)

    def _below(self, folders: Iterable[Path], *, is_link: bool) -> list[Path]:
        """Search folders and those in them; links to folders are returned."""
        waiting = list(folders)[::-1]
        tops = set(waiting)
        links: list[Path] = []
        while waiting:
            folder = waiting.pop()
            try:
                facts = folder.stat()
                if (facts.st_dev, facts.st_ino) in self._seen:
                    self._left_out.n_again += is_link and folder in tops
                    continue
                self._seen.add((facts.st_dev, facts.st_ino))
                with os.scandir(folder) as entries:
                    inside = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                self._left_out.troubles.append(
                    f"{shown(folder)}: the folder cannot be searched ({reason}); what is in it is "
                    "left out"
                )
                continue
            for entry in reversed(inside):
                path = folder / entry.name
                if _is_folder(entry):
                    if entry.name == GIT:
                        self._left_out.n_git += 1
                        continue
                    (links if entry.is_symlink() else waiting).append(path)
                else:
                    self._file(path, entry)
        return links[::-1]

    def _file(self, path: Path, entry: os.DirEntry[str]) -> None:
        """Take a file, or count it by its kind."""
        suffix = path.suffix.lower()
        if suffix in SUFFIXES:
            if not _is_mac_shadow(path):
                self.found.append(path)
        elif entry.is_symlink() and not suffix and not path.exists():
            # It may have been a folder of recordings.
            self._left_out.troubles.append(
                f"{shown(path)}: is a link to {shown(path.readlink())}, which cannot be followed; "
                "left out"
            )
        elif not (is_result_name(path) or _is_mac_shadow(path) or path.name == ".DS_Store"):
            self._left_out.count_kind(suffix)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_mac_shadow(path: Path) -> bool:
    """Whether it is what a Mac keeps next to a file on other systems' disks (AppleDouble)."""
    if not path.name.startswith("._"):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return os.read(descriptor, len(APPLE_DOUBLE)) == APPLE_DOUBLE
    except OSError:
        return False
    finally:
        os.close(descriptor)
