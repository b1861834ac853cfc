"""What a folder of parts holds, without its embeddings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...errors import UsageError
from ...optional import arrow
from ...remote.errors import StoreError
from ...remote.url import Place, shown
from ..origin import Origin
from .places import opened, parts_in
from .rows import KNOWN_BY, Sizes

_ROW_BITS = 32
"""A row's place is one number: that of its part, and below that its own."""


@dataclass(frozen=True)
class Seen:
    """A part as it was when it was read.

    Attributes:
        path: Where it is.
        sizes: The sizes of its embeddings.
        state: What tells that it is as it was, see `parts_in`.
        table: Its columns `KNOWN_BY`, as Arrow has them: a tenth of the memory of Python's objects.
    """

    path: Place
    sizes: Sizes
    state: str
    table: Any


class Index:
    """The rows of a folder of parts by name.

    Args:
        folder: The folder, or its URL.
    """

    def __init__(self, folder: Place) -> None:
        self._folder = folder
        self._parts: list[Seen | None] = []
        self._place: dict[str, int] = {}

    def refresh(self) -> None:
        """Look at parts that are new, or were written again, and forget those that are gone.

        Raises:
            UsageError: If a part was not written by us, or is damaged.
        """
        there = parts_in(self._folder)
        for number, part in enumerate(self._parts):
            if part is None:
                continue
            if there.get(part.path) == part.state:
                del there[part.path]
            else:
                self._forget(number, part)
        for path, state in there.items():
            self._add(path, state)

    def find(self, name: str) -> Origin | None:
        """What a row was made from; None if there is no such row."""
        place = self._place.get(name)
        if place is None:
            return None
        part = self._parts[place >> _ROW_BITS]
        assert part is not None
        row = place & ((1 << _ROW_BITS) - 1)
        _, fingerprint, made_from = (part.table.column(c)[row].as_py() for c in KNOWN_BY)
        return Origin.from_entries(fingerprint, json.loads(made_from))

    def holding(self, names: Iterable[str]) -> dict[Place, set[str]]:
        """The parts that have rows of these names, and which."""
        found: dict[Place, set[str]] = {}
        for name in names:
            place = self._place.get(name)
            if place is not None:
                part = self._parts[place >> _ROW_BITS]
                assert part is not None
                found.setdefault(part.path, set()).add(name)
        return found

    def sizes(self) -> Iterator[tuple[Place, Sizes]]:
        """Each part with the sizes of its embeddings."""
        return ((part.path, part.sizes) for part in self._parts if part is not None)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._place)

    def _add(self, path: Place, state: str) -> None:
        try:
            sizes, table = known_rows(path)
        except FileNotFoundError:  # another run has just removed it
            return
        number = len(self._parts)
        self._parts.append(Seen(path, sizes, state, table))
        first = number << _ROW_BITS
        names = table.column("path").to_pylist()
        self._place.update(zip(names, range(first, first + len(names)), strict=True))

    def _forget(self, number: int, part: Seen) -> None:
        for name in part.table.column("path").to_pylist():
            if self._place.get(name, -1) >> _ROW_BITS == number:
                del self._place[name]
        self._parts[number] = None


def known_rows(path: Place) -> tuple[Sizes, Any]:
    """The sizes of a part's embeddings, and its columns `KNOWN_BY`.

    Raises:
        FileNotFoundError: If it is gone.
        StoreError: If its store does not answer.
        UsageError: If it was not written by us, or is damaged.
    """
    pa, pq = arrow("--format parquet")
    try:
        with opened(path) as raw, pq.ParquetFile(raw, page_checksum_verification=True) as file:
            return Sizes.of_schema(file.schema_arrow), file.read(list(KNOWN_BY)).combine_chunks()
    except (LookupError, AttributeError) as error:
        raise UsageError(
            f"{shown(path)} was not written by hear-embed; choose another --out"
        ) from error
    except (FileNotFoundError, StoreError):
        raise
    except (OSError, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(
            f"{shown(path)} is damaged ({reason}); remove it, and the same command embeds what it "
            "held"
        ) from error
