"""Recordings that a table lists: a CSV or Parquet file with a column of paths."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..audio.kinds import shown
from ..errors import UsageError
from ..optional import arrow
from .jobs import Job, LeftOut, collected

_ROWS = 1 << 14
"""Rows of a Parquet file that are in memory at once."""

_SHOWN_COLUMNS = 12
"""Names of columns in a message."""

_Entry = tuple[str, "str | None"]
"""Where an entry is, in words, and its path; None where it has none."""


def find_listed(
    manifest: Path, column: str, out: Path, left_out: LeftOut | None = None
) -> list[Job]:
    """The recordings that a table lists, in its order.

    A relative path is taken from the manifest's folder. A recording below that folder keeps its
    place below `out`; any other one gets the place that its full path has, without the leading `/`.

    Args:
        manifest: A CSV file with a header in UTF-8 (`.tsv` for tabs), or a Parquet file.
        column: Name of the column of paths.
        out: The folder for the results.
        left_out: Is told what is not embedded, and why.

    Raises:
        UsageError: If the table cannot be read, has no such column, or lists nothing; or if two
            recordings would be written to the same place.
    """
    left_out = LeftOut() if left_out is None else left_out
    before = len(left_out.troubles)
    jobs = collected(_placed(manifest, column, left_out), out)
    if not jobs:
        troubles = left_out.troubles[before:]
        more = f" (and {len(troubles) - 1} more)" if len(troubles) > 1 else ""
        raise UsageError(
            troubles[0] + more
            if troubles
            else f"{shown(manifest)}: lists no recordings; put one path a row below {column!r}"
        )
    return jobs


def _placed(manifest: Path, column: str, left_out: LeftOut) -> Iterator[tuple[Path, Path]]:
    """Each recording, with its path relative to the results."""
    top = os.path.abspath(manifest.parent).rstrip("/") + "/"  # noqa: PTH100 - links stay
    given = manifest.parent
    seen: set[str] = set()
    for where, entry in _entries(manifest, column):
        if entry is None or not entry.strip() or "\0" in entry:
            why = "has a NUL in its path" if entry and "\0" in entry else "has no path"
            left_out.troubles.append(f"{shown(manifest)}: {where} {why}; left out")
            continue
        full = os.path.normpath(entry if entry.startswith("/") else top + entry)
        if full in seen:
            left_out.twice(where, entry)
            continue
        seen.add(full)
        if not full.startswith(top):
            yield Path(full), Path(full.lstrip("/"))
        elif entry.startswith("/"):
            yield Path(full), Path(full[len(top) :])
        else:  # named as from here, so that lines stay short
            yield given / full[len(top) :], Path(full[len(top) :])


def _entries(manifest: Path, column: str) -> Iterator[_Entry]:
    """All entries of a table of either kind."""
    try:
        if not manifest.is_file():
            what = "is a folder" if manifest.is_dir() else "there is no such file"
            raise UsageError(f"{shown(manifest)}: {what}; --manifest takes a CSV or Parquet file")
        with manifest.open("rb") as file:
            head = file.read(4096)
        if head[:4] == b"PAR1":
            yield from _of_parquet(manifest, column)
        else:
            _refuse(manifest, head)
            yield from _of_csv(manifest, column)
    except OSError as error:
        raise UsageError(
            f"{shown(manifest)}: cannot be read ({error.strerror or error}); --manifest takes a "
            "CSV or Parquet file"
        ) from error


def _refuse(manifest: Path, head: bytes) -> None:
    """Refuse what is no table of text.

    Raises:
        UsageError: If it is none.
    """
    if not head:
        raise UsageError(f"{shown(manifest)}: is empty, 0 bytes; it needs a header and paths")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UsageError(f"{shown(manifest)}: is UTF-16; save it as UTF-8")
    if b"\0" in head:
        raise UsageError(f"{shown(manifest)}: is neither CSV nor Parquet; save it as one of these")


def _of_csv(manifest: Path, column: str) -> Iterator[_Entry]:
    delimiter = "\t" if manifest.suffix.lower() in (".tsv", ".tab") else ","
    # Names of files may hold any bytes, and so may a list of them.
    with manifest.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        rows = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = next(rows, [])
            place = _place(manifest, column, header)
            for row in rows:
                if row:  # a blank line is none
                    yield f"line {rows.line_num}", row[place] if place < len(row) else None
        except csv.Error as error:
            raise UsageError(
                f"{shown(manifest)}: line {rows.line_num} is no CSV ({error}); quote it as a "
                "spreadsheet does"
            ) from error


def _place(manifest: Path, column: str, header: list[str]) -> int:
    """Where the column of paths is.

    Raises:
        UsageError: If there is none, or several.
    """
    count = header.count(column)
    if count == 1:
        return header.index(column)
    if count:
        raise UsageError(f"{shown(manifest)}: has {count} columns {column!r}; rename all but one")
    names = ", ".join(header[:_SHOWN_COLUMNS]) + (", ..." if len(header) > _SHOWN_COLUMNS else "")
    raise UsageError(
        f"{shown(manifest)}: has no column {column!r}; it has {names}: name the column of paths "
        "with --column"
    )


def _of_parquet(manifest: Path, column: str) -> Iterator[_Entry]:
    pa, pq = arrow("a manifest in Parquet")
    try:
        with pq.ParquetFile(manifest) as table:
            _place(manifest, column, table.schema_arrow.names)
            kind = table.schema_arrow.field(column).type
            if not _is_text(pa, kind):
                raise UsageError(
                    f"{shown(manifest)}: column {column!r} holds {kind}, not paths as text; name "
                    "another one with --column"
                )
            number = 0
            for batch in table.iter_batches(batch_size=_ROWS, columns=[column]):
                for entry in batch.column(0).to_pylist():
                    number += 1
                    yield f"row {number}", os.fsdecode(entry) if entry is not None else None
    except pa.ArrowException as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(
            f"{shown(manifest)}: cannot be read as Parquet ({reason}); write it again"
        ) from error


def _is_text(pa: Any, kind: Any) -> bool:
    types = pa.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    return any(
        is_kind(kind)
        for is_kind in (types.is_string, types.is_large_string, types.is_binary,
                        types.is_large_binary)
    )  # fmt: skip
