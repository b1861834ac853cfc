"""What embeddings depend on besides the recording, as one digest."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import audio
from ..api.facts import Digests
from ..files import digest
from ..version import version


@dataclass(frozen=True)
class Later:
    """A file that a call has read, after the key was made.

    Attributes:
        role: As in `worker.digests`.
        place: Where it was.
        digest: SHA-256 of its contents.
    """

    role: str
    place: str
    digest: str


def key_of(module: str, found: Digests) -> str:
    """The key of a loaded model.

    Args:
        module: Its name.
        found: What it was made from.

    Returns:
        64 hexadecimal digits. The device and the batch size do not count, since they change
        embeddings by rounding only; neither do the place and time of files.
    """
    known = {
        "module": module,
        "version": version(),
        "reading": _reading(),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "numpy": np.__version__,
        "files": dict(found.files),
    }
    # Names of files may hold any bytes: JSON in ASCII holds them all.
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


@functools.cache
def _reading() -> list[str]:
    """Digests of our own code that turns files into samples."""
    return [digest(path) for path in sorted(Path(audio.__file__).parent.glob("*.py"))]


def read_later(before: Mapping[str, str], found: Digests) -> tuple[Later, ...]:
    """What was read since the key was made; libraries that were imported late do not count."""
    return tuple(
        Later(role, found.places[role], contents)
        for role, contents in sorted(found.files.items())
        if role not in before and not role.startswith("library/")
    )


def place_now(later: Later, places: Mapping[str, str]) -> str:
    """Where a file is now: where it was, or in the same place next to the module or the weights.

    Args:
        later: The file.
        places: Where the files are by role that the model was made from.
    """
    top, _, inner = later.role.partition("/")
    for role, place in places.items():
        if inner and role.startswith(f"{top}/") and place.endswith(role[len(top) :]):
            moved = place.removesuffix(role[len(top) :]) + f"/{inner}"
            return moved if Path(moved).exists() else later.place
    return later.place
