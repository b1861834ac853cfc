"""The recordings in a soundfont: its sample headers and the samples that they delimit.

Source: "SoundFont Technical Specification", version 2.04, sections 3 to 7.10.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("<20s5IBbHH")
"""Name, start, end, start and end of the loop, sample rate, pitch, correction, link, type; 46
bytes."""


class SoundfontError(ValueError):
    """A file that is no soundfont, or one that is cut short."""


@dataclass(frozen=True)
class Sample:
    """A recording of a soundfont.

    Attributes:
        audio: int16, shape (n_samples,).
        sample_rate: Hz.
    """

    audio: NDArray[np.int16]
    sample_rate: int


def read(path: Path) -> dict[str, Sample]:
    """Read the recordings of a soundfont, by name.

    Args:
        path: An `.sf2` file.

    Raises:
        OSError: If it cannot be read.
        SoundfontError: If it is no soundfont, or ends before its samples do.
    """
    content = path.read_bytes()
    chunks = dict(_chunks(content, 0, len(content)))
    if "smpl" not in chunks or "shdr" not in chunks:
        raise SoundfontError(f"{path}: is no soundfont, or is truncated; unpack it again")
    samples = np.frombuffer(content, "<i2", len(chunks["smpl"]) // 2, chunks["smpl"].start)
    headers = content[chunks["shdr"].start : chunks["shdr"].stop]
    found: dict[str, Sample] = {}
    # The last record only says that there are no more.
    for fields in list(_HEADER.iter_unpack(headers[: len(headers) // 46 * 46]))[:-1]:
        name = fields[0].split(b"\0")[0].decode("latin-1")
        start, end, rate = fields[1], fields[2], fields[5]
        if not start < end <= len(samples):
            raise SoundfontError(f"{path}: the sample {name!r} lies outside the file's samples")
        if name in found:
            raise SoundfontError(f"{path}: has two samples named {name!r}")
        found[name] = Sample(samples[start:end].astype(np.int16), rate)
    return found


def _chunks(content: bytes, start: int, end: int) -> Iterator[tuple[str, range]]:
    """The chunks that hold no others, with where their contents are."""
    while start + 8 <= end:
        name, size = struct.unpack_from("<4sI", content, start)
        inside = start + 8
        if inside + size > end:  # cut short: what is left is not to be trusted
            return
        if name in (b"RIFF", b"LIST"):
            yield from _chunks(content, inside + 4, inside + size)
        else:
            yield name.decode("latin-1"), range(inside, inside + size)
        start = inside + size + size % 2
