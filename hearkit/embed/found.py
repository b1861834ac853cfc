"""What counts as a recording, and a word on everything that is not embedded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import NamedTuple

from ..remote.url import Place, is_url, shown

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

GIT = ".git"
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
        name = shown(entry if is_url(entry) else Path(entry))
        self._first_twice = self._first_twice or f"{name}, {where}"

    def count_kind(self, suffix: str) -> None:
        """Count a file that is no audio by its name."""
        self.kinds[shown(Path(suffix)) if suffix else "without a suffix"] += 1

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
            parts.append(f"passed over {what} called {GIT}")
        return "; ".join(parts)


class Found(NamedTuple):
    """A recording that was found.

    Attributes:
        source: Where it is.
        name: Its path relative to the results, with `/`.
        state: What its store tells of it, see `Facts.state`; "" for a local file.
    """

    source: Place
    name: str
    state: str = ""


def is_result_name(path: PurePath) -> bool:
    """Whether it is called as a result of a recording, or as an unfinished one."""
    is_result = path.suffix == ".npz" and PurePath(path.stem).suffix.lower() in SUFFIXES
    return is_result or path.name.startswith(".hear-")
