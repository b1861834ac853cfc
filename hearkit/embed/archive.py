"""A quick look at a result: what it was made from, and whether its bytes are as they were written.

NumPy writes the members of an `.npz` file as they are, so both can be seen in the mapped file.
Thousands of results are looked at before a run begins; `numpy.load` takes several times as long.
"""

from __future__ import annotations

import io
import mmap
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .origin import Origin

_LOCAL = struct.Struct("<4s22xHH")
"""Header of a member: its signature, and the lengths of its name and of what follows that."""

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


def look(path: Path) -> Found:
    """What a result was made from.

    Args:
        path: Where it is, or is to be.
    """
    try:
        with path.open("rb") as file:
            return _look(file)
    except OSError:  # nothing is there, or a folder, or a link to nowhere
        return Found()


def _look(file: BinaryIO) -> Found:
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGES:
        file.seek(0)
        beginning = file.read(2)
        return Found(is_foreign=beginning not in (b"PK", b"", b"\0\0"))
    names = {info.filename.removesuffix(".npy") for info in archive.filelist}
    if len(names & _OURS) < _SEVERAL:
        return Found(is_foreign=True)
    try:
        fingerprint = str(_array(archive, file, "fingerprint"))
        if "made_from" in names:
            made_from = [str(part) for part in _array(archive, file, "made_from")]
            return Found(Origin.from_entries(fingerprint, made_from))
        # Of an earlier version: only its place is known, and that as it was given.
        place = os.path.realpath(str(_array(archive, file, "source")))
        return Found(Origin(fingerprint, "", place, ""))
    except _DAMAGES:
        return Found()


def _array(archive: zipfile.ZipFile, file: BinaryIO, name: str) -> NDArray[Any]:
    info = archive.NameToInfo[f"{name}.npy"]
    file.seek(info.header_offset)
    raw = file.read(_LOCAL.size + len(info.filename) + 256 + info.file_size)
    contents = raw[(start := _start(raw, info)) : start + info.file_size]
    if zlib.crc32(contents) != info.CRC:
        raise ValueError(f"{name} is damaged")
    array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(contents), allow_pickle=False)
    return array


def _start(header: Any, info: zipfile.ZipInfo) -> int:
    """Where a member's contents begin behind its header."""
    signature, n_name, n_extra = _LOCAL.unpack(header[: _LOCAL.size])
    if signature != b"PK\x03\x04" or info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{info.filename} was not written by NumPy")
    return int(_LOCAL.size + n_name + n_extra)


def is_whole(path: Path) -> bool:
    """Whether all arrays of a result are as they were written, by their checksums."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            if {f"{name}.npy" for name in _OURS} - archive.NameToInfo.keys():
                return False
            with (
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
                memoryview(mapped) as view,
            ):
                return all(_is_intact(view, info) for info in archive.filelist)
    except _DAMAGES:
        return False


def _is_intact(view: memoryview, info: zipfile.ZipInfo) -> bool:
    header = info.header_offset
    start = header + _start(view[header : header + _LOCAL.size].tobytes(), info)
    with view[start : start + info.file_size] as contents:
        return len(contents) == info.file_size and zlib.crc32(contents) == info.CRC
