"""What a store tells of an object, reduced to what tells that it is as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "md5", "generation", "checksum", "hash")
_TIMES = ("LastModified", "last_modified", "updated", "modified", "mtime", "created")
"""Keys of what stores tell of an object: of its contents, and of when these were written."""

UNKNOWN = "?"
"""The end of a state where a store tells neither: its equality says nothing."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a store tells of an object or a folder.

    Attributes:
        size: Bytes.
        state: Its size and ETag, or time; equal where it is as it was.
        is_folder: Whether it is one.
    """

    size: int
    state: str
    is_folder: bool = False

    @classmethod
    def of(cls, info: dict[str, Any]) -> Facts:
        """The facts in what fsspec's `info` or `ls` gave."""
        if info.get("type") == "directory":
            return cls(0, "", is_folder=True)
        size = int(info.get("size") or 0)
        found = next((info[name] for name in (*_TAGS, *_TIMES) if info.get(name)), None)
        if found is None:
            return cls(size, f"{size} {UNKNOWN}")
        when = found.isoformat() if hasattr(found, "isoformat") else str(found)
        return cls(size, f"{size} {when.strip(chr(34))}")


def size_in(state: str) -> int:
    """The bytes that a state tells; 0 for none."""
    return int(state.partition(" ")[0] or 0)
