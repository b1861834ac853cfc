"""Recordings that a table lists: a CSV or Parquet file with a column of paths."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import posixpath
from collections.abc import Iterator
from typing import Any, BinaryIO

from ..errors import UnreadableError, UsageError
from ..optional import arrow
from ..remote.url import Place, Url, is_url, place_of_text, shown
from .found import Found
from .jobs import Job, LeftOut, collected
from .remote_search import trouble_of_name

_ROWS = 1 << 14
"""Rows of a Parquet file that are in memory at once."""

_SHOWN_COLUMNS = 12
"""Names of columns in a message."""

_Entry = tuple[str, "str | None"]
"""Where an entry is, in words, and its path; None where it has none."""


def find_listed(
    manifest: Place, column: str, out: Place, left_out: LeftOut | None = None
) -> list[Job]:
    """The recordings that a table lists, in its order.

    A relative path is taken from the manifest's folder. A recording below that folder keeps its
    place below `out`; any other one gets the place that its full path has, without the leading `/`,
    or its URL, with the scheme as a folder.

    Args:
        manifest: A CSV file with a header in UTF-8 (`.tsv` for tabs), or a Parquet file.
        column: Name of the column of paths and URLs.
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


def _placed(manifest: Place, column: str, left_out: LeftOut) -> Iterator[Found]:
    """Each recording, once."""
    top = _Top(manifest.parent)
    seen: set[str] = set()
    for where, entry in _entries(manifest, column):
        if entry is None or not entry.strip() or "\0" in entry:
            why = "has a NUL in its path" if entry and "\0" in entry else "has no path"
            left_out.troubles.append(f"{shown(manifest)}: {where} {why}; left out")
            continue
        try:
            full = top.full(entry)
            found = top.placed(full, entry)
        except UsageError as error:
            left_out.troubles.append(f"{shown(manifest)}: {where}: {error}; left out")
            continue
        if full in seen:
            left_out.twice(where, entry)
            continue
        seen.add(full)
        if is_url(full) and (trouble := trouble_of_name(found.name)):
            left_out.troubles.append(f"{full}: {trouble}; left out")
        else:
            yield found


class _Top:
    """The folder of a manifest, which relative entries begin in."""

    def __init__(self, folder: Place) -> None:
        self._given = folder
        is_far = isinstance(folder, Url)
        text = str(folder) if is_far else os.path.abspath(str(folder))  # noqa: PTH100 - links stay
        self._prefix = text.rstrip("/") + "/"

    def full(self, entry: str) -> str:
        """The full path or the URL of an entry.

        Raises:
            UsageError: If it is a URL that cannot be used, or leads out of the manifest's bucket.
        """
        if is_url(entry):
            place = place_of_text(entry)
            # What a URL names is not changed: to a store, `..` is a name as any other.
            return str(place) if isinstance(place, Url) else os.path.normpath(place)
        if entry.startswith("/"):
            return os.path.normpath(entry)
        if is_url(self._prefix):
            if posixpath.normpath(entry) == entry and not entry.startswith("../"):
                return self._prefix + entry
            scheme, _, folder = self._prefix.partition("://")
            bucket, _, key = folder.partition("/")
            inner = posixpath.normpath(key + entry)
            if inner.split("/")[0] == "..":
                raise UsageError(
                    f"{shown(entry)}: leads out of {scheme}://{bucket}; write its full URL"
                )
            return f"{scheme}://{bucket}/{inner}"
        return os.path.normpath(self._prefix + entry)

    def placed(self, full: str, entry: str) -> Found:
        """The recording, with its place below the results."""
        if not full.startswith(self._prefix):
            name = full.replace("://", "/", 1) if is_url(full) else full.lstrip("/")
            return Found(place_of_text(full), name)
        name = full[len(self._prefix) :]
        if is_url(full) or entry.startswith("/") or is_url(entry):
            return Found(place_of_text(full), name)
        # Named as from here, so that lines stay short.
        return Found(self._given / name, name)


def _entries(manifest: Place, column: str) -> Iterator[_Entry]:
    """All entries of a table of either kind."""
    try:
        with _opened(manifest) as file:
            head = file.read(4096)
            file.seek(0)
            if head[:4] == b"PAR1":
                yield from _of_parquet(manifest, file, column)
            else:
                _refuse(manifest, head)
                yield from _of_csv(manifest, file, column)
    except OSError as error:
        raise UsageError(
            f"{shown(manifest)}: cannot be read ({error.strerror or error}); --manifest takes a "
            "CSV or Parquet file"
        ) from error


@contextlib.contextmanager
def _opened(manifest: Place) -> Iterator[BinaryIO]:
    """A manifest, or a copy of one that is elsewhere.

    Raises:
        UsageError: If it is none.
        OSError: If it cannot be opened.
    """
    if isinstance(manifest, Url):
        from ..remote.copies import copied

        try:
            copy = copied(manifest)
        except UnreadableError as error:
            why = str(error).removesuffix("; skipped")
            raise UsageError(f"{why}; --manifest takes a CSV or Parquet file") from error
        with contextlib.closing(copy), copy.path.open("rb") as file:
            yield file
        return
    if not manifest.is_file():
        what = "is a folder" if manifest.is_dir() else "there is no such file"
        raise UsageError(f"{shown(manifest)}: {what}; --manifest takes a CSV or Parquet file")
    with manifest.open("rb") as file:
        yield file


def _refuse(manifest: Place, head: bytes) -> None:
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


def _of_csv(manifest: Place, raw: BinaryIO, column: str) -> Iterator[_Entry]:
    delimiter = "\t" if manifest.suffix.lower() in (".tsv", ".tab") else ","
    # Names of files may hold any bytes, and so may a list of them.
    with io.TextIOWrapper(raw, "utf-8-sig", "surrogateescape", newline="") as file:
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


def _place(manifest: Place, column: str, header: list[str]) -> int:
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


def _of_parquet(manifest: Place, file: BinaryIO, column: str) -> Iterator[_Entry]:
    pa, pq = arrow("a manifest in Parquet")
    try:
        with pq.ParquetFile(file) as table:
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
