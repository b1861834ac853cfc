"""How long a compressed recording says that it is, where it does say so.

FFmpeg guesses where a file says nothing, from its bit rate for example, and does not tell; so only
what was written down counts here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from . import flac
from .headers import data_of
from .ogg import length_of

if TYPE_CHECKING:
    from av.container import InputContainer

_TELLING = {
    "mov,mp4,m4a,3gp,3g2,mj2", "xwma", "wav", "w64", "wv", "tta", "ape", "tak", "aiff",
    "caf", "mpc8",
}  # fmt: skip
"""FFmpeg's names of kinds whose header has the length."""

_RATES = ((11025, 12000, 8000), (0, 0, 0), (22050, 24000, 16000), (44100, 48000, 32000))
"""Hz by version and index in the header of an MPEG audio frame; ISO/IEC 11172-3, 13818-3."""


_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
"""Name of the object of file properties; "Advanced Systems Format", Microsoft 2004, 3.2."""

_EXACT = ("flac", "wv", "tta")
"""Kinds that tell their length to the sample."""


@dataclass(frozen=True)
class Announced:
    """What a file says of its length.

    Attributes:
        seconds: Its length; 0 where it says nothing.
        is_exact: Whether that is to the sample.
        is_cut: Whether it ends where it cannot.
    """

    seconds: float = 0.0
    is_exact: bool = False
    is_cut: bool = False


def announced_by(file: BinaryIO, container: InputContainer, stream: Any) -> Announced:
    """What a file says of its length.

    Args:
        file: The open file.
        container: The same, opened by FFmpeg.
        stream: Its audio.
    """
    kind = container.format.name
    if kind == "ogg":
        length = length_of(file.fileno())
        return Announced(length.seconds, is_cut=length.is_cut)
    context = stream.codec_context
    if str(context.name).startswith("pcm_") and (data := data_of(file.fileno())) is not None:
        bytes_a_second = context.sample_rate * context.channels * _bits(stream) / 8
        known = not data.is_unknown and bytes_a_second
        return Announced(data.announced / bytes_a_second if known else 0.0, is_exact=True)
    return Announced(_seconds(file.fileno(), kind, container, stream), is_exact=kind in _EXACT)


def quickly_announced(file: BinaryIO) -> float:
    """Seconds that a file of the commonest kinds announces, without FFmpeg; or 0."""
    return seconds_of_flac(file.fileno()) or _of_mp3(file.fileno())


def _bits(stream: Any) -> int:
    """Bits of a sample in the file."""
    name = str(stream.codec_context.name)
    digits = "".join(letter for letter in name if letter.isdigit())
    return int(digits) if digits else 8  # A-law and mu-law


def _seconds(descriptor: int, kind: str, container: InputContainer, stream: Any) -> float:
    if kind == "flac":
        return seconds_of_flac(descriptor)
    if kind == "mp3":
        return _of_mp3(descriptor)
    if kind == "asf":
        return _of_asf(descriptor)
    if (data := data_of(descriptor)) and data.is_unknown:
        return 0.0
    if kind in _TELLING and stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if kind == "matroska,webm" and container.duration and _has_duration(descriptor):
        return float(container.duration / 1e6)
    return 0.0


def _after_tag(descriptor: int) -> int:
    """Where a file begins behind its ID3v2 tags."""
    place = 0
    while (head := os.pread(descriptor, 10, place))[:3] == b"ID3" and len(head) == 10:
        # Four groups of seven bits
        place += 10 + sum((b & 0x7F) << s for b, s in zip(head[6:], (21, 14, 7, 0), strict=True))
        place += 10 if head[5] & 0x10 else 0  # a footer
    return place


def seconds_of_flac(descriptor: int) -> float:
    """Seconds of a FLAC file; 0 where it does not tell."""
    facts = flac.told(os.pread(descriptor, 26, _after_tag(descriptor)))
    return facts.n_samples / facts.rate if facts and facts.rate else 0.0


def _of_mp3(descriptor: int) -> float:
    """From the Xing, Info or VBRI header in the first frame, without delay and padding."""
    start = _after_tag(descriptor)
    head = os.pread(descriptor, 4096, start)
    # Some writers leave zeros behind their tag.
    head = head[max(head.find(b"\xff"), 0) :]
    if len(head) < 200 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0.0
    version, index = head[1] >> 3 & 3, head[2] >> 2 & 3
    rate = 0 if index == 3 else _RATES[version][index]
    per_frame = 1152 if version == 3 else 576
    if head[36:40] == b"VBRI" and rate:
        return int.from_bytes(head[50:54], "big") * per_frame / rate
    place = next((p for w in (b"Xing", b"Info") if (p := head.find(w, 4, 64)) > 0), 0)
    if not place or not rate or not head[place + 7] & 1:
        return 0.0
    n_frames = int.from_bytes(head[place + 8 : place + 12], "big")
    return max(0, n_frames * per_frame - _padding(head, place)) / rate


def _padding(head: bytes, place: int) -> int:
    """Samples before and after the sound, from LAME's part of the header."""
    flags = head[place + 7]
    end = place + 8 + 4 * bool(flags & 1) + 4 * bool(flags & 2) + 100 * bool(flags & 4)
    end += 4 * bool(flags & 8)
    told = head[end + 21 : end + 24]
    if head[end : end + 4] not in (b"LAME", b"Lavf", b"Lavc") or len(told) < 3:
        return 0
    return (told[0] << 4 | told[1] >> 4) + ((told[1] & 0xF) << 8 | told[2])


def _of_asf(descriptor: int) -> float:
    """From the object of file properties in Microsoft's container (wma, wmv).

    It has sizes and dates behind its name of 16 bytes. From byte 64 on it has the time to play in
    100 ns, from 80 on the part of that for preparation, in ms, and from 88 on flags. The first flag
    says that it was a stream.
    """
    head = os.pread(descriptor, 1 << 16, 0)
    place = head.find(_ASF_PROPERTIES)
    told = head[place + 64 : place + 92]
    if place < 0 or len(told) < 28 or told[24] & 1:
        return 0.0
    play, preparation = (int.from_bytes(told[n : n + 8], "little") for n in (0, 16))
    return max(0.0, play / 1e7 - preparation / 1e3)


def _has_duration(descriptor: int) -> bool:
    """Whether a Matroska file's information has the element Duration, 0x4489 with 4 or 8 bytes."""
    head = os.pread(descriptor, 4096, 0)
    return b"\x44\x89\x84" in head or b"\x44\x89\x88" in head
