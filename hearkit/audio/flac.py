"""Whether a FLAC file holds more than its header tells: its last frames say where they end.

A file has a block with the number of samples, then frames. A frame begins with a sync code, its
size, its number and a checksum of these (RFC 9639, sections 8.2 and 9.1). Recorders that were
stopped, and editors that joined files, leave a number that is too small; decoders stop there.
"""

from __future__ import annotations

import mmap
from typing import NamedTuple

MARK = b"fLaC"
"""What a file begins with."""

_SYNCS = (b"\xff\xf8", b"\xff\xf9")
"""Of frames that are numbered, and of frames that tell their first sample's number."""

_LONGEST_HEADER = 16
_SIZES = {1: 192, **{n: 144 << n for n in range(2, 6)}, **{n: 1 << n for n in range(8, 16)}}
"""Samples in a frame by the code for it; 6 and 7 stand for a number of 1 or 2 bytes."""

_RATE_BYTES = {12: 1, 13: 2, 14: 2}
"""Bytes of a rate that has no code."""


class Told(NamedTuple):
    """What the block at the beginning says.

    Attributes:
        size: Samples in each frame, where they are numbered.
        frame_bytes: Bytes of the largest frame there can be, about.
        rate: Hz.
        n_samples: Samples in all; 0 where it does not tell.
    """

    size: int
    frame_bytes: int
    rate: int
    n_samples: int


def told(head: bytes) -> Told | None:
    """What a file says of itself; None where it is no FLAC.

    Args:
        head: Its beginning, 26 bytes at least.
    """
    if len(head) < 26 or head[:4] != MARK or head[4] & 0x7F:
        return None
    # From byte 18 on: 20 bits of rate, 3 of channels, 5 of width and 36 of samples.
    channels, width = (head[20] >> 1 & 7) + 1, ((head[20] & 1) << 4 | head[21] >> 4) + 1
    size = int.from_bytes(head[10:12], "big")
    return Told(
        size=size,
        frame_bytes=size * channels * (width // 8 + 1) + 64,
        rate=int.from_bytes(head[18:21], "big") >> 4,
        n_samples=int.from_bytes(head[21:26], "big") & 0xF_FFFF_FFFF,
    )


def last_sample(view: mmap.mmap, facts: Told) -> int:
    """Samples up to the end of the last frame; 0 where none is found.

    Args:
        view: The file.
        facts: What it says of itself.
    """
    begin = max(0, len(view) - 2 * facts.frame_bytes)
    last = 0
    for sync in _SYNCS:
        place = view.find(sync, begin)
        while place >= 0:
            last = max(last, _end_of(view[place : place + _LONGEST_HEADER], facts.size))
            place = view.find(sync, place + 1)
    return last


def _end_of(header: bytes, size: int) -> int:
    """Samples up to the end of a frame; 0 where this is none."""
    if len(header) < _LONGEST_HEADER or header[3] & 1:
        return 0
    # Written as UTF-8 writes characters, up to 7 bytes.
    n_bytes = next((n for n in range(8) if not header[4] << n & 0x80), 8)
    n_bytes = 1 if n_bytes == 0 else n_bytes
    number = header[4] & (0x7F if n_bytes == 1 else 0x7F >> n_bytes)
    for byte in header[5 : 4 + n_bytes]:
        number = number << 6 | byte & 0x3F
    code, place = header[2] >> 4, 4 + n_bytes
    wide = code - 5 if code in (6, 7) else 0
    held = int.from_bytes(header[place : place + wide], "big") + 1 if wide else _SIZES.get(code, 0)
    place += wide + _RATE_BYTES.get(header[2] & 15, 0)
    if not held or place >= _LONGEST_HEADER or _checksum(header[:place]) != header[place]:
        return 0
    return (number if header[1] & 1 else number * size) + held


def _checksum(data: bytes) -> int:
    """CRC-8 with the polynomial x^8 + x^2 + x + 1."""
    found = 0
    for byte in data:
        found ^= byte
        for _ in range(8):
            found = (found << 1 ^ (0x07 if found & 0x80 else 0)) & 0xFF
    return found
