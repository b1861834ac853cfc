"""The parts of a folder, here or at a URL: found, read, and changed by one run at a time."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...remote.errors import GoneError
from ...remote.url import Place, Url

_BEGIN, _END = "part-", ".parquet"
"""What our files are called."""

_LOCK = ".hear-lock"
"""Held while rows are removed and parts get their names; readers pass over names with a dot."""


def parts_in(folder: Place) -> dict[Place, str]:
    """The parts of a folder by name, each with what tells that it is as it was.

    Raises:
        OSError: If its store cannot be listed.
    """
    if not isinstance(folder, Url):
        there = ((path, _state(path)) for path in sorted(folder.glob(f"{_BEGIN}*{_END}")))
        return {path: state for path, state in there if state}
    from ...remote.store import store_of

    try:
        inside = store_of(folder).inside(folder)
    except GoneError:
        return {}
    return {
        folder / name: facts.state
        for name, facts in inside
        if name.startswith(_BEGIN) and name.endswith(_END) and not facts.is_folder
    }


def _state(path: Path) -> str:
    try:
        facts = path.stat()
    except OSError:  # another run has just removed it
        return ""
    return f"{facts.st_ino} {facts.st_size} {facts.st_mtime_ns}"


@contextmanager
def opened(part: Place) -> Iterator[Any]:
    """What pyarrow reads a part from: of one at a store, only what is needed.

    Raises:
        FileNotFoundError: If it is gone.
    """
    if not isinstance(part, Url):
        yield part
        return
    from ...remote.store import store_of

    size = store_of(part).facts(part).size
    with io.BufferedReader(_Ranges(part, size), _BUFFER) as file:
        yield file


_BUFFER = 64 << 10
"""Bytes asked for at once at least: the directory at the end of a part is most often smaller."""


class _Ranges(io.RawIOBase):
    """An object that is read where it is asked for.

    Args:
        url: The object.
        size: Its bytes.
    """

    def __init__(self, url: Url, size: int) -> None:
        from ...remote.store import store_of

        self._url, self._size, self._at = url, size, 0
        self._store = store_of(url)

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See `io.RawIOBase`."""
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, begin + offset)
        return self._at

    def tell(self) -> int:
        """See `io.RawIOBase`."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`."""
        end = min(self._at + len(buffer), self._size)
        if end <= self._at:
            return 0
        found = self._store.part(self._url, self._at, end)
        buffer[: len(found)] = found
        self._at = end
        return len(found)


@contextmanager
def locked(folder: Place) -> Iterator[None]:
    """A context in which no other run changes the parts, as far as there are locks.

    Raises:
        OSError: If a lock cannot be made.
        OutputError: If another run does not let go of it.
    """
    if isinstance(folder, Url):
        from ...remote.lease import held

        with held(folder / _LOCK):
            yield
        return
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
