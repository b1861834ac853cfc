"""The table of sources, `sources.toml`: which files of which packages, under which licence."""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KINDS = ("effects", "music", "speech")


class CorpusError(Exception):
    """What stops the gathering; its message is for the person who started it."""


@dataclass(frozen=True)
class Take:
    """Files of one licence and kind.

    Attributes:
        licence: SPDX identifier, where there is one.
        kind: One of `KINDS`.
        files: Patterns of paths below the source's root.
    """

    licence: str
    kind: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A package and what is taken from it.

    Attributes:
        package, version: As `apt-get download` knows it.
        sha256: Of the `.deb`, 64 hexadecimal digits.
        origin: Who made the recordings.
        root: Folder in the package, ends in "/"; may lead into a zip archive.
        take: The first line with a matching pattern gives a file's licence and kind.
        leave: Patterns of what is left out, whatever `take` says.
    """

    package: str
    version: str
    sha256: str
    origin: str
    root: str
    take: tuple[Take, ...]
    leave: tuple[str, ...] = ()

    def match(self, path: str) -> Take | None:
        """The line that takes a file.

        Args:
            path: In the package, root included.

        Returns:
            The first that matches; None if the file stays out.
        """
        if not path.startswith(self.root):
            return None
        below = path[len(self.root) :]
        if any(fnmatchcase(below, pattern) for pattern in self.leave):
            return None
        for take in self.take:
            if any(fnmatchcase(below, pattern) for pattern in take.files):
                return take
        return None


def read_sources(path: Path) -> list[Source]:
    """Read the table.

    Raises:
        CorpusError: If it cannot be read, or an entry lacks a key or has an unknown one.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["source"]
        return [_source(entry) for entry in entries]
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{path}: not a table of sources: {error}") from error


def _source(entry: dict[str, Any]) -> Source:
    lines = entry.pop("take", [])
    take = tuple(Take(**{**line, "files": tuple(line["files"])}) for line in lines)
    leave = tuple(entry.pop("leave", ()))
    source = Source(**entry, take=take, leave=leave)
    for line in take:
        if line.kind not in KINDS:
            raise ValueError(f"{source.package}: kind {line.kind!r}, expected one of {KINDS}")
    return source


def read_held_out(folder: Path) -> frozenset[str]:
    """The recordings that are measured with, so that must not be trained on.

    Args:
        folder: Holds the tasks, `*.csv` with the column `path`: "package/path in the package".

    Raises:
        CorpusError: If there are none: without them nothing could be refused.
    """
    held_out: set[str] = set()
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            held_out.update(row["path"] for row in csv.DictReader(file))
    if not held_out:
        raise CorpusError(f"{folder}: no tasks (*.csv) whose recordings to keep out of the corpus")
    return frozenset(held_out)
