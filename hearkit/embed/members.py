"""The arrays in an `.npz` file, found by the directory at its end: in the file, or its last bytes.

NumPy writes them as they are, one after the other, and the directory behind them. It is read here,
since `zipfile` takes five times as long and needs the whole file.

Source: APPNOTE.TXT of PKWARE, 4.3 and 4.5.3.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_LOCAL = struct.Struct("<4s22xHH")
"""Header of a member: its signature, and the lengths of its name and of what follows that."""

_CENTRAL = struct.Struct("<4s12xIIIHHH8xI")
"""Its entry in the directory: signature, checksum, size as stored and as it was, lengths of name,
of what follows and of a comment, and where its header is."""

_END = struct.Struct("<4s6xHIIH")
"""The end of the file: signature, number of entries, size and place of the directory, comment."""

_LONG_END = struct.Struct("<4s28xQQQ")
"""In front of that in a file of 2 GB or more: signature, and the same three numbers."""

_LOCATOR = struct.Struct("<4s16x")
"""Between the two: signature, and where the first one is."""

_LONG = 0xFFFF_FFFF
"""A number that does not fit; it is in what follows the name, in a field of this kind:"""

_LONG_FIELD = 1

DAMAGES = (
    OSError, ValueError, LookupError, EOFError, struct.error, zlib.error, zipfile.BadZipFile,
    NotImplementedError, RuntimeError, OverflowError,
)  # fmt: skip
"""What may be raised where bytes are not as they were written."""


class Member(NamedTuple):
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


class _Directory(NamedTuple):
    """The directory of a file whose bytes, or last ones, are here.

    Attributes:
        n_members: Number of its entries.
        start: Where it begins in what is here; negative if that is in front of it.
        before: Bytes of the file in front of those that are here.
    """

    n_members: int
    start: int
    before: int

    @classmethod
    def of(cls, view: memoryview) -> _Directory:
        """The directory.

        Raises:
            One of `DAMAGES`: If this is the end of no archive, or of one with a comment.
        """
        end = len(view) - _END.size
        signature, count, size, place, comment = _END.unpack_from(view, end)
        if signature != b"PK\x05\x06" or comment:
            raise ValueError("no archive of ours")
        long_end = end - _LOCATOR.size - _LONG_END.size
        if long_end >= 0 and _LOCATOR.unpack_from(view, end - _LOCATOR.size) == (b"PK\x06\x07",):
            end = long_end
            signature, count, size, place = _LONG_END.unpack_from(view, end)
            if signature != b"PK\x06\x06":
                raise ValueError("no archive of ours")
        return cls(count, end - size, place + size - end)

    def members(self, view: memoryview) -> dict[str, Member]:
        """The arrays by name, with their places in what is here.

        Raises:
            One of `DAMAGES`: If an entry is damaged.
        """
        found: dict[str, Member] = {}
        at = self.start
        for _ in range(self.n_members):
            signature, checksum, stored, size, n_name, n_extra, n_comment, header = (
                _CENTRAL.unpack_from(view, at)
            )
            if signature != b"PK\x01\x02":
                raise ValueError("no directory")
            at += _CENTRAL.size
            name = bytes(view[at : at + n_name]).decode("utf-8", "replace")
            at += n_name
            if _LONG in (size, stored, header):
                extra = bytes(view[at : at + n_extra])
                size, _, header = _with_long(extra, (size, stored, header))
            at += n_extra + n_comment
            found[name.removesuffix(".npy")] = Member(header - self.before, size, checksum)
        return found


def _with_long(extra: bytes, numbers: tuple[int, int, int]) -> list[int]:
    """Numbers, with those that do not fit taken from what follows a name, in their order."""
    at = 0
    while at < len(extra):
        kind, n_bytes = struct.unpack_from("<HH", extra, at)
        if kind == _LONG_FIELD:
            there = list(struct.unpack_from(f"<{n_bytes // 8}Q", extra, at + 4))
            return [there.pop(0) if number == _LONG else number for number in numbers]
        at += 4 + n_bytes
    raise ValueError("a number is missing")


def members_of(view: memoryview, file: Path | io.BytesIO | None) -> dict[str, Member]:
    """The arrays by name, with their places in the view.

    Args:
        view: The bytes of the file, or its last ones.
        file: The file; None where only its end is here.

    Raises:
        One of `DAMAGES`: If the file is no archive.
    """
    try:
        directory = _Directory.of(view)
        if file is None or not directory.before:
            return directory.members(view)
    except DAMAGES:
        if file is None:
            raise
    # One with a comment, or behind a program that unpacks it: another's, but an archive.
    with zipfile.ZipFile(file) as archive:
        return {
            info.filename.removesuffix(".npy"): Member(info.header_offset, info.file_size, info.CRC)
            for info in archive.filelist
        }


def bytes_needed(view: memoryview, names: Iterable[str]) -> int:
    """Bytes from the end of a file that hold its directory, and these arrays.

    Args:
        view: Its last bytes.
        names: Names of arrays.

    Raises:
        One of `DAMAGES`: If this is the end of no archive of ours.
    """
    directory = _Directory.of(view)
    if directory.start < 0:
        return len(view) - directory.start
    members = directory.members(view)
    return len(view) - min((members[name].header for name in names if name in members), default=0)
