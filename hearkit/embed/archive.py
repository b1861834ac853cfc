"""A quick look at a result: what it was made from, and whether its bytes are as they were written.

NumPy writes the members of an `.npz` file as they are, so both can be seen in the mapped file.
Thousands of results are looked at before a run begins, and `numpy.load` and `zipfile` take five
times as long.
"""

from __future__ import annotations

import mmap
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .origin import Origin

_LOCAL = struct.Struct("<4s22xHH")
"""Header of a member: its signature, and the lengths of its name and of what follows that."""

_CENTRAL = struct.Struct("<4s6xH4xIIIHHH8xI")
"""Its entry in the directory at the end: signature, method, checksum, size as stored and as it was,
lengths of name, of what follows and of a comment, and where its header is."""

_END = struct.Struct("<4s6xHIIH")
"""The end of the file: signature, number of entries, size and place of the directory, comment."""

_LONG = 0xFFFF_FFFF
"""A size that does not fit, and is elsewhere."""

_TEXT = re.compile(rb"'descr': '<U(\d+)', 'fortran_order': False, 'shape': \((\d*),?\)")
"""In the header of an array of text: the length of each, and how many."""

_OURS = frozenset(
    ("scene_embedding", "timestamp_embeddings", "timestamps", "source", "duration", "sample_rate",
     "module", "weights", "version", "fingerprint", "made_from")
)  # fmt: skip
_SEVERAL = 3
"""Entries of ours by which a result is known even if the names of others are damaged."""

_DAMAGES = (
    OSError, ValueError, LookupError, EOFError, struct.error, zlib.error, zipfile.BadZipFile,
    NotImplementedError, RuntimeError, OverflowError,
)  # fmt: skip
"""What may be raised where bytes are not as they were written."""


@dataclass(frozen=True)
class Found:
    """What is at a result's place.

    Attributes:
        origin: What it was made from; None where there is no result, or none that can be read.
        is_foreign: Whether something else is there that nobody may replace.
    """

    origin: Origin | None = None
    is_foreign: bool = False


@dataclass(frozen=True)
class _Member:
    """One array in the file.

    Attributes:
        header: Where its header is.
        size: Bytes of its contents.
        checksum: CRC-32 of them.
    """

    header: int
    size: int
    checksum: int

    def contents(self, view: memoryview) -> memoryview:
        """The contents, as far as they are as they were written.

        Raises:
            ValueError: If they are not.
        """
        signature, n_name, n_extra = _LOCAL.unpack_from(view, self.header)
        start = self.header + _LOCAL.size + n_name + n_extra
        contents = view[start : start + self.size]
        if signature == b"PK\x03\x04" and zlib.crc32(contents) == self.checksum:
            return contents
        contents.release()  # a mapped file is closed only when nothing of it is in use
        raise ValueError("its bytes are not as they were written")


def look(path: Path) -> Found:
    """What a result was made from.

    Args:
        path: Where it is, or is to be.
    """
    try:
        with _mapped(path) as view:
            return _look(path, view)
    except (OSError, ValueError):  # nothing is there, a folder, a link to nowhere, an empty file
        return Found()


def is_whole(path: Path) -> bool:
    """Whether all arrays of a result are as they were written, by their checksums."""
    try:
        with _mapped(path) as view:
            members = _members(path, view)
            for member in members.values():
                member.contents(view).release()
            return members.keys() >= _OURS
    except _DAMAGES:
        return False


@contextmanager
def _mapped(path: Path) -> Iterator[memoryview]:
    with (
        path.open("rb", buffering=0) as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as view,
    ):
        yield view


def _look(path: Path, view: memoryview) -> Found:
    try:
        members = _members(path, view)
    except _DAMAGES:
        return Found(is_foreign=bytes(view[:2]) not in (b"PK", b"\0\0"))
    if len(members.keys() & _OURS) < _SEVERAL:
        return Found(is_foreign=True)
    try:
        (fingerprint,) = _text(members["fingerprint"], view)
        if "made_from" in members:
            return Found(Origin.from_entries(fingerprint, _text(members["made_from"], view)))
        # Of an earlier version: only its place is known, and that as it was given.
        (source,) = _text(members["source"], view)
        return Found(Origin(fingerprint, "", os.path.realpath(source), ""))
    except _DAMAGES:
        return Found()


def _members(path: Path, view: memoryview) -> dict[str, _Member]:
    """The arrays by name.

    Raises:
        One of `_DAMAGES`: If the file is no archive.
    """
    signature, count, _, place, comment = _END.unpack_from(view, len(view) - _END.size)
    if signature != b"PK\x05\x06" or comment or place == _LONG:
        return _members_of_other(path)
    found: dict[str, _Member] = {}
    for _ in range(count):
        signature, method, checksum, _, size, n_name, n_extra, n_comment, header = (
            _CENTRAL.unpack_from(view, place)
        )
        if signature != b"PK\x01\x02" or method or _LONG in (size, header):
            return _members_of_other(path)
        name = bytes(view[place + _CENTRAL.size : place + _CENTRAL.size + n_name])
        found[name.decode("utf-8", "replace").removesuffix(".npy")] = _Member(
            header, size, checksum
        )
        place += _CENTRAL.size + n_name + n_extra + n_comment
    return found


def _members_of_other(path: Path) -> dict[str, _Member]:
    """The same of any archive, such as one of more than 4 GB."""
    with zipfile.ZipFile(path) as archive:
        return {
            info.filename.removesuffix(".npy"): _Member(
                info.header_offset, info.file_size, info.CRC
            )
            for info in archive.filelist
        }


def _text(member: _Member, view: memoryview) -> list[str]:
    """An array of text, as a list.

    Raises:
        ValueError: If it is damaged, or something else.
    """
    with member.contents(view) as contents:
        raw = bytes(contents)
    (n_header,) = struct.unpack_from("<H", raw, 8)
    known = _TEXT.search(raw[:n_header])
    if known is None:
        raise ValueError("no array of text")
    width, count = 4 * int(known[1]), int(known[2] or 1)
    start = 10 + n_header
    return [
        raw[start + n * width : start + (n + 1) * width]
        .decode("utf-32-le", "surrogatepass")
        .rstrip("\0")
        for n in range(count)
    ]
