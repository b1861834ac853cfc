"""How long an Ogg file says that it is: its pages count samples.

A page has 27 bytes, a table of lengths and packets (RFC 3533). It tells how many samples there are
up to its end since its part began; a file may have several parts, joined together. Decoders pass
over pages that are damaged without a word.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_PAGE = struct.Struct("<4sBBqIIIB")
_OPUS_HZ = 48000
"""What Opus counts in, whatever was encoded; RFC 7845."""

_LIVE_S = 5.0
"""A first count from which on a part was taken from the middle of a stream."""


@dataclass
class _Part:
    """One stream of samples in a file.

    Attributes:
        rate: Counts a second; 0 if it is no audio.
        skipped: Counts before the first sample.
        first: The first count on a page of samples.
        last: The last one.
    """

    rate: int
    skipped: int
    first: int | None = None
    last: int = 0

    @property
    def seconds(self) -> float:
        if not self.rate or self.first is None:
            return 0.0
        is_live = self.first > _LIVE_S * self.rate
        return max(0, self.last - (self.first if is_live else self.skipped)) / self.rate


@dataclass(frozen=True)
class Length:
    """What the pages tell.

    Attributes:
        seconds: Of audio, in all parts.
        is_cut: Whether the file ends within a page.
    """

    seconds: float
    is_cut: bool


def length_of(descriptor: int) -> Length:
    """How long a file is by its pages.

    Args:
        descriptor: The open file.
    """
    parts: dict[int, _Part] = {}
    done: list[_Part] = []
    is_cut = False
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as view:
        for flags, count, serial, contents, ends in _pages(view):
            if flags & 2:  # a part begins
                done += filter(None, [parts.pop(serial, None)])
                parts[serial] = _begun(view[contents : contents + 64])
            part = parts.get(serial)
            # Pages of headers count 0; those on which no packet ends, -1.
            if part is not None and count > 0 and ends <= len(view):
                part.first = count if part.first is None else part.first
                part.last = count
            is_cut = ends > len(view)
    return Length(sum(part.seconds for part in (*done, *parts.values())), is_cut)


def _pages(view: mmap.mmap) -> Iterator[tuple[int, int, int, int, int]]:
    """Flags, count, number of the stream, and where contents and page end, for each page."""
    place = 0
    while (place := view.find(b"OggS", place)) >= 0:
        header = view[place : place + _PAGE.size]
        if len(header) < _PAGE.size:
            return
        _, version, flags, count, serial, _, _, n_lengths = _PAGE.unpack(header)
        contents = place + _PAGE.size + n_lengths
        ends = contents + sum(view[place + _PAGE.size : contents])
        if version or flags > 7:
            place += 4  # not a page
            continue
        yield flags, count, serial, contents, ends
        place = ends


def _begun(packet: bytes) -> _Part:
    """A part by its first packet."""
    if packet.startswith(b"\x01vorbis"):
        return _Part(int.from_bytes(packet[12:16], "little"), 0)
    if packet.startswith(b"OpusHead"):
        return _Part(_OPUS_HZ, int.from_bytes(packet[10:12], "little"))
    if packet.startswith(b"\x7fFLAC"):
        # Behind nine bytes, a FLAC file's own: its name, a block's header, and 10 bytes of sizes
        return _Part(int.from_bytes(packet[27:30], "big") >> 4, 0)
    return _Part(0, 0)
