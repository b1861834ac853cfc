"""Audio files below a folder, and a word on everything that is not embedded."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..audio.kinds import APPLE_DOUBLE, shown

_PLAIN = (
    ".wav .wave .bwf .rf64 .w64 .aif .aiff .aifc .au .snd .caf .sph .nist .voc .avr .ircam .paf"
)
_COMPRESSED = (
    ".flac .ogg .oga .opus .spx .mp3 .mp2 .mpga .m4a .m4b .m4r .aac .ac3 .eac3 .dts .wma .wv .tta "
    ".ape .tak .mpc .amr .awb .gsm .ra .dsf .dff .oma .shn .mka .weba"
)
_PICTURES = (
    ".mp4 .m4v .mov .mkv .webm .avi .wmv .asf .mpg .mpeg .ts .mts .m2ts .3gp .3g2 .flv .ogv .mxf"
)

SUFFIXES = frozenset(f"{_PLAIN} {_COMPRESSED} {_PICTURES}".split())
"""What is taken for audio inside a folder; a file that is named is always tried."""

_GIT = ".git"
"""A repository's own folder; in that of git-annex are the recordings that links lead to."""

_MOST_KINDS = 8
"""Kinds of files that are told by name."""


@dataclass
class LeftOut:
    """What is not embedded.

    Attributes:
        troubles: A line for each thing that may be a recording, or hold some; each is a failure.
        kinds: Number of files that are no audio by their names, by suffix.
        n_again: Number of linked folders whose files are embedded in another place.
        n_twice: Number of entries of a manifest that repeat an earlier one.
        n_git: Number of folders in which git, or git-annex, keeps its own copies of files.
    """

    troubles: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    n_again: int = 0
    n_git: int = 0
    n_twice: int = 0
    _first_twice: str = ""

    def twice(self, where: str, entry: str) -> None:
        """Count an entry that a manifest had before."""
        self.n_twice += 1
        self._first_twice = self._first_twice or f"{shown(Path(entry))}, {where}"

    def __str__(self) -> str:
        """One line; "" if nothing was passed over."""
        parts = []
        if n_files := self.kinds.total():
            named = [f"{n} {kind}" for kind, n in self.kinds.most_common(_MOST_KINDS)]
            others = n_files - sum(n for _, n in self.kinds.most_common(_MOST_KINDS))
            named += [f"{others} others"] if others else []
            what = "file that is" if n_files == 1 else "files that are"
            parts.append(f"passed over {n_files} {what} no audio by name: {', '.join(named)}")
        if self.n_again:
            what = "a linked folder" if self.n_again == 1 else f"{self.n_again} linked folders"
            parts.append(f"followed {what} once only")
        if self.n_twice:
            what = "an entry" if self.n_twice == 1 else f"{self.n_twice} entries"
            first = f"first {self._first_twice}" if self.n_twice > 1 else self._first_twice
            parts.append(f"passed over {what} listed before ({first}); each is embedded once")
        if self.n_git:
            what = "a folder" if self.n_git == 1 else f"{self.n_git} folders"
            parts.append(f"passed over {what} called {_GIT}")
        return "; ".join(parts)


def search(given: Path, left_out: LeftOut) -> list[tuple[Path, Path]]:
    """The audio files of one input, each with its path relative to the results.

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
        return [] if _is_mac_shadow(given) else [(given, Path(given.name))]
    walk = _Walk(left_out)
    walk.all_below(given)
    return [(path, path.relative_to(given)) for path in sorted(walk.found)]


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
                    if entry.name == _GIT:
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
        elif not (_is_result(path) or _is_mac_shadow(path) or path.name == ".DS_Store"):
            self._left_out.kinds[shown(Path(suffix)) if suffix else "without a suffix"] += 1


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_result(path: Path) -> bool:
    """Whether it is called as a result of a recording, or as an unfinished one."""
    is_result = path.suffix == ".npz" and path.with_suffix("").suffix.lower() in SUFFIXES
    return is_result or path.name.startswith(".hear-")


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
