"""A quick look at a result: what it was made from, and whether its bytes are as they were written.

Both can be seen in the mapped file. Thousands of results are looked at before a run begins, and
`numpy.load` takes five times as long.
"""

from __future__ import annotations

import errno
import io
import mmap
import os
import re
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .members import DAMAGES, Member, bytes_needed, members_of
from .origin import Origin

_SMALL = 1 << 20
"""Bytes up to which a file is read and checked at once; a larger one is mapped, and checked only
where that is asked for."""

_TAIL = 8 << 10
"""Bytes at the end of a result that most often hold all that `look_at_end` needs."""

_TEXT = re.compile(rb"'descr': '<U(\d+)', 'fortran_order': False, 'shape': \((\d*),?\)")
"""In the header of an array of text: the length of each, and how many."""

_OURS = frozenset(
    ("scene_embedding", "timestamp_embeddings", "timestamps", "source", "duration", "sample_rate",
     "module", "weights", "version", "fingerprint", "made_from")
)  # fmt: skip
_SEVERAL = 3
"""Entries of ours by which a result is known even if the names of others are damaged."""


@dataclass(frozen=True)
class Found:
    """What is at a result's place.

    Attributes:
        origin: What it was made from; None where there is no result, or none that can be read.
        foreign: Why what is there must not be replaced; or "".
        is_whole: Whether all its arrays are as they were written; None for a large file, whose
            arrays were not looked at.
    """

    origin: Origin | None = None
    foreign: str = ""
    is_whole: bool | None = field(default=None, compare=False)


_MARK_BYTES = 2
"""Bytes at the beginning that tell an archive that was cut from something else."""

_FOREIGN = "was not written by hear-embed"

_NOTHING = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG)
"""Why there is no result: nothing, a folder, or a link to nowhere is there, or nothing can be."""


def look(path: Path) -> Found:
    """What a result was made from.

    Args:
        path: Where it is, or is to be.
    """
    try:
        with _opened(path) as view:
            return _look(path, view)
    except OSError as error:
        if error.errno in _NOTHING:
            return Found()
        return Found(foreign=f"cannot be read ({error.strerror or error})")
    except ValueError:  # an empty file
        return Found()


def look_at_end(end: Callable[[int], bytes], begin: Callable[[int], bytes]) -> Found:
    """What a result was made from, by its last bytes alone: its directory, and what tells that.

    A store hands out no part of an object that was not written whole, so the rest is not read.

    Args:
        end: Gives so many bytes from the end, or all where there are fewer.
        begin: Gives so many from the beginning; asked only where the end is damaged.
    """
    wanted = _TAIL
    while True:
        tail = end(wanted)
        with memoryview(tail) as view:
            if len(tail) < wanted:  # all of it is here
                return _look(io.BytesIO(tail), view) if tail else Found()
            try:
                needed = bytes_needed(view, ("fingerprint", "made_from"))
            except DAMAGES:
                return _damaged(begin(_MARK_BYTES))
            if needed <= len(tail):
                return _look(None, view)
        wanted = needed


def _damaged(begin: bytes) -> Found:
    """What there is where the directory cannot be read: a result that was cut, or another file."""
    return Found(foreign="" if begin in (b"PK", b"\0\0") else _FOREIGN)


def is_whole(path: Path) -> bool:
    """Whether all arrays of a result are as they were written, by their checksums."""
    try:
        with _opened(path) as view:
            return _is_whole(members_of(view, path), view)
    except DAMAGES:
        return False


def _is_whole(members: dict[str, Member], view: memoryview) -> bool:
    try:
        for member in members.values():
            member.contents(view).release()
    except DAMAGES:
        return False
    return members.keys() >= _OURS


@contextmanager
def _opened(path: Path) -> Iterator[memoryview]:
    """The bytes of a file.

    Raises:
        OSError: If it cannot be opened, or is no plain file.
        ValueError: If it is empty.
    """
    # A pipe that was put there is not waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            is_folder = stat.S_ISDIR(facts.st_mode)
            raise OSError(errno.EISDIR if is_folder else errno.ENXIO, "no plain file")
        read = os.read(descriptor, facts.st_size) if facts.st_size <= _SMALL else b""
        if read and len(read) == facts.st_size:
            with memoryview(read) as view:
                yield view
            return
        with (
            mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as view,
        ):
            yield view
    finally:
        os.close(descriptor)


def _look(path: Path | io.BytesIO | None, view: memoryview) -> Found:
    try:
        members = members_of(view, path)
    except DAMAGES:
        return _damaged(bytes(view[:_MARK_BYTES]) if path is not None else b"")
    if len(members.keys() & _OURS) < _SEVERAL:
        return Found(foreign=_FOREIGN)
    try:
        (fingerprint,) = _text(members["fingerprint"], view)
        whole = None
        if path is not None and len(view) <= _SMALL:
            whole = _is_whole(members, view)
        if "made_from" in members:
            made_from = _text(members["made_from"], view)
            return Found(Origin.from_entries(fingerprint, made_from), is_whole=whole)
        # Of an earlier version: only its place is known, and that as it was given.
        (source,) = _text(members["source"], view)
        return Found(Origin(fingerprint, "", os.path.realpath(source), ""), is_whole=whole)
    except DAMAGES:
        return Found()


def _text(member: Member, view: memoryview) -> list[str]:
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
