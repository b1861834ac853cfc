"""What the header of a file of plain samples says of their length, to compare with the file's.

libsndfile takes the smaller of the two and says nothing. Sizes in bytes; layouts are those of the
formats' specifications (RIFF/WAVE by Microsoft and IBM 1991; RF64, EBU Tech 3306; AIFF, Apple
1989; Sun's AU; Core Audio Format, Apple; Sony Wave64).
"""

from __future__ import annotations

import math
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

_STREAMED = (
    range(0x7EFF_FF00, 0x7F00_1000),  # sox, of AIFF
    range(0x7FF0_0000, 0x8000_1000),  # sox, arecord and many others
    range(0xFFFF_0000, 0x1_0000_0000),  # ffmpeg, and the largest numbers there are
    range(1 << 48, 1 << 64),
)
"""Sizes that are written for a stream whose length is not known: those of recorders and pipes."""

_WAVE64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
"""What a Wave64 file begins with."""

_SPHERE = re.compile(r"^(sample_count|channel_count|sample_n_bytes) -i (\d{1,15})$", re.MULTILINE)
"""Lines of a SPHERE file whose numbers give the size, multiplied."""

_SEVERAL = "it holds several chunks of samples, of which one is read"

_FEW = 16
"""Bytes behind the samples that are nobody's loss."""

_MOST_CHUNKS = 10_000


@dataclass(frozen=True)
class Data:
    """The samples in a file, as its header tells.

    Attributes:
        announced: Bytes of samples that it announces.
        present: Bytes from there to the end of the file.
        start: Where they begin.
        behind: What follows the samples that is no part of the format, in words; or "".
    """

    announced: int
    present: int
    start: int
    behind: str = ""

    @property
    def is_unknown(self) -> bool:
        """Whether the header was written before the length was known."""
        if not self.announced:
            return self.present > 0
        return self.announced > self.present and any(self.announced in one for one in _STREAMED)


def data_of(descriptor: int) -> Data | None:
    """Where the samples are, in the formats that are known here; None in others."""
    size = os.fstat(descriptor).st_size
    head = os.pread(descriptor, 48, 0)
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return _of_chunks(descriptor, size, b"data", ">I" if head[:4] == b"RIFX" else "<I", 12)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _of_chunks(descriptor, size, b"SSND", ">I", 12, skipped=8)
    if head[:4] == b"caff":
        return _of_chunks(descriptor, size, b"data", ">q", 8, skipped=4, aligned=False)
    if head[:4] in (b".snd", b"dns."):
        start, announced = struct.unpack(">II" if head[:4] == b".snd" else "<II", head[4:12])
        return Data(announced, max(0, size - start), start)
    if head[:16] == _WAVE64:
        return _of_wave64(descriptor, size)
    return _of_sphere(descriptor, size) if head[:8] == b"NIST_1A\n" else None


def _of_wave64(descriptor: int, size: int) -> Data | None:
    """The chunk of samples in Wave64, whose names have 16 bytes, and sizes 8 with the header's."""
    place = 40
    for _ in range(_MOST_CHUNKS):
        header = os.pread(descriptor, 24, place)
        announced = int.from_bytes(header[16:], "little")
        if len(header) < 24 or announced < 24:
            return None
        if header[:4] == b"data":
            return Data(announced - 24, max(0, size - place - 24), place + 24)
        place += announced + -announced % 8
    return None


def _of_sphere(descriptor: int, size: int) -> Data | None:
    """The samples of NIST's SPHERE files, by the lines of their header."""
    head = os.pread(descriptor, 4096, 0).decode("latin-1")
    told = {name: int(number) for name, number in _SPHERE.findall(head)}
    length = head[8:16].strip()
    if len(told) < 3 or not length.isdecimal():
        return None
    return Data(math.prod(told.values()), max(0, size - int(length)), int(length))


def told_behind(data: Data | None, seconds: float) -> tuple[str, ...]:
    """A remark on what follows the samples, if anything does.

    Args:
        data: The samples in a file.
        seconds: What was read of them.
    """
    if data is None or not data.behind:
        return ()
    return (f"{data.behind}; embedded as far as its header says, {seconds:.2f} s",)


def _of_chunks(
    descriptor: int,
    size: int,
    wanted: bytes,
    layout: str,
    first: int,
    *,
    skipped: int = 0,
    aligned: bool = True,
) -> Data | None:
    """The chunk of samples.

    Args:
        descriptor: The open file.
        size: Its bytes.
        wanted: Name of the chunk.
        layout: How a chunk's size is written after its name of four letters.
        first: Where the first chunk begins.
        skipped: Bytes in the chunk before the samples.
        aligned: Whether chunks begin at even places.
    """
    long_size = 0
    for name, start, announced in _chunks(descriptor, size, layout, first, aligned=aligned):
        if name == b"ds64":
            long_size = int(struct.unpack("<Q", os.pread(descriptor, 8, start + 8))[0])
        if name == wanted:
            if announced == 0xFFFF_FFFF and long_size:
                announced = long_size
            if announced < 0:  # in CAF, up to the end
                announced = size - start
            start += skipped
            announced -= skipped
            data = Data(max(0, announced), max(0, size - start), start)
            if data.is_unknown or layout == ">q":
                return data
            behind = _behind(descriptor, size, start + announced, layout, wanted)
            # Of several, it is not known which is read.
            return replace(
                data, announced=0 if behind == _SEVERAL else data.announced, behind=behind
            )
    return None


def _chunks(
    descriptor: int, size: int, layout: str, place: int, *, aligned: bool
) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin of the contents and announced size of each chunk."""
    width = 4 + struct.calcsize(layout)
    for _ in range(_MOST_CHUNKS):
        header = os.pread(descriptor, width, place)
        if len(header) < width:
            return
        announced = struct.unpack(layout, header[4:])[0]
        yield header[:4], place + width, announced
        place += width + max(0, announced)
        place += place % 2 if aligned else 0
        if place >= size:
            return


def _behind(descriptor: int, size: int, end: int, layout: str, wanted: bytes) -> str:
    """What follows the samples, if it is not more chunks."""
    left = size - end
    if left <= _FEW:
        return ""
    for place in (end + end % 2, end):  # some writers forget to align
        name = os.pread(descriptor, 4, place)
        if name in (b"RIFF", b"RIFX", b"RF64", b"FORM"):
            return f"another recording is joined to its end, {left} bytes"
        if name == wanted:
            return _SEVERAL
        if len(name) == 4 and all(32 <= letter < 127 for letter in name):
            announced = os.pread(descriptor, struct.calcsize(layout), place + 4)
            if len(announced) < 4 or struct.unpack(layout, announced)[0] <= left + 1:
                return ""
    if not os.pread(descriptor, 4096, end).strip(b"\0"):
        return ""  # padding
    return f"{left} bytes follow the samples that its header announces, perhaps more of them"
