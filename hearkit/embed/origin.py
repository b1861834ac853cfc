"""What a result was made from, as it stands in the result."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import digest
from ..remote.url import Place, Url
from .key import Later


@dataclass(frozen=True)
class Origin:
    """What a result was made from.

    Attributes:
        fingerprint: Digest of the model's key and the recording's contents.
        contents: SHA-256 of the recording; "" where it changed while it was read.
        place: Its full path, or its URL.
        state: Its size and times, as `state_of` gives them.
        later: Files that the module has read in its calls.
    """

    fingerprint: str
    contents: str
    place: str
    state: str
    later: tuple[Later, ...] = ()

    @classmethod
    def of(
        cls, key: str, contents: str, source: Place, state: str, later: Sequence[Later] = ()
    ) -> Origin:
        """The origin of a recording's embeddings by the model with this key."""
        return cls(fingerprint(key, contents), contents, place_of(source), state, tuple(later))

    def entries(self) -> dict[str, NDArray[Any]]:
        """The entries of a result that hold it."""
        later = json.dumps([[one.role, one.place, one.digest] for one in self.later])
        return {
            "fingerprint": np.asarray(self.fingerprint),
            "made_from": np.asarray([self.contents, self.place, self.state, later]),
        }

    @classmethod
    def from_entries(cls, fingerprint: str, made_from: Sequence[str]) -> Origin:
        """What `entries` gave.

        Raises:
            ValueError: If this is something else.
        """
        contents, place, state, later = made_from
        files = tuple(Later(*map(str, one)) for one in json.loads(later))
        return cls(fingerprint, contents, place, state, files)


def fingerprint(key: str, contents: str) -> str:
    """Digest of what a result depends on.

    Args:
        key: Of the model, `Embedder.key`.
        contents: SHA-256 of the recording; where it is not known, no two are equal.
    """
    known = json.dumps([key, contents or os.urandom(16).hex()])
    return hashlib.sha256(known.encode()).hexdigest()


def place_of(source: Place) -> str:
    """The full path of a recording, links followed, or its URL."""
    return str(source) if isinstance(source, Url) else os.path.realpath(source)


def state_of(source: Place) -> str:
    """What tells that a recording is as it was.

    For a file it is inode, size, times of change and of status; for an object its size and ETag, or
    where a store has none, its time.

    Raises:
        OSError: If it is gone.
    """
    if isinstance(source, Url):
        from ..remote.store import store_of

        return store_of(source).facts(source).state
    facts = source.stat()
    return f"{facts.st_ino} {facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns}"


def contents_of(source: Place) -> str:
    """SHA-256 of a recording.

    Raises:
        OSError: If it cannot be read.
    """
    if isinstance(source, Url):
        from ..remote.copies import contents_of as contents_there

        return contents_there(source)
    return digest(source)
