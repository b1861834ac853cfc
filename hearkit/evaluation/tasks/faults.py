"""What is wrong with a task folder, all of it at once, in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_NAMED = 3
"""Files that a line names; the others are counted."""


@dataclass
class Faults:
    """Collects what is wrong, so that one look tells everything.

    Attributes:
        fatal: What keeps the task from being scored.
        others: What the score is to be read with.
    """

    fatal: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def add(self, message: str, *, fatal: bool = True) -> None:
        """Note one fault."""
        (self.fatal if fatal else self.others).append(message)

    def add_for(self, where: str, names: Iterable[str], what: str, *, fatal: bool = True) -> None:
        """Note one fault of several files in one line; nothing if there are none.

        Args:
            where: The file or folder that the names stand in.
            names: What is wrong, such as recordings.
            what: What is wrong with them, with its remedy.
            fatal: Whether the task cannot be scored.
        """
        found = list(names)
        if found:
            self.add(f"{where}: {listed(found)} {what}", fatal=fatal)

    @property
    def all(self) -> list[str]:
        """Everything, what is fatal first."""
        return self.fatal + self.others


def listed(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    found = list(names)
    more = len(found) - _NAMED
    return ", ".join(found[:_NAMED]) + (f" and {more} more" if more > 0 else "")
