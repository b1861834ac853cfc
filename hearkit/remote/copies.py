"""Recordings of a store as nameless local files, as long as they are read.

The decoders seek, and a connection may break: so a recording is copied first, in blocks, and each
block is asked for again until all its bytes are there.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from ..errors import UnreadableError
from .errors import StoreError
from .facts import size_in
from .nameless import path_of
from .store import store_of
from .url import Url, shown

_IN_MEMORY_BYTES = 32 << 20
"""Bytes that are gathered in memory, and not in a file."""


@dataclass(frozen=True)
class Copy:
    """A recording on this machine.

    Attributes:
        file: It; gone once closed, or once this process has ended, however it does.
        contents: SHA-256; "" where it changed while it was copied.
        state: What its store told of it before it was copied, see `Facts.state`.
    """

    file: IO[bytes]
    contents: str
    state: str

    @property
    def path(self) -> Path:
        """What opens it here, at its beginning."""
        return Path(path_of(self.file))

    def close(self) -> None:
        """Remove it."""
        self.file.close()


def copied(url: Url, state: str = "") -> Copy:
    """A copy of an object, whole.

    Args:
        url: The object.
        state: What is known of it; "" to ask.

    Raises:
        UnreadableError: If it cannot be had.
    """
    with contextlib.ExitStack() as closing:
        try:
            file = closing.enter_context(tempfile.TemporaryFile())
            contents, state = _copied(url, state, file)
            closing.pop_all()
            return Copy(file, contents, state)
        except StoreError as error:
            raise UnreadableError(f"{error}; skipped") from error
        except OSError as error:
            more = "; make room, or set TMPDIR to a folder that has it"
            raise UnreadableError(
                f"{shown(url)}: cannot be copied to {tempfile.gettempdir()} "
                f"({error.strerror or error}); skipped{more * (error.errno == errno.ENOSPC)}"
            ) from error


def gathered(url: Url) -> IO[bytes]:
    """The contents of an object, in memory or if they are large in a nameless file.

    Raises:
        OSError: If they cannot be read.
    """
    store = store_of(url)
    with contextlib.ExitStack() as closing:
        file = closing.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES))
        for block in store.read(url, store.object(url).size):
            file.write(block)
        file.seek(0)
        closing.pop_all()
        return cast("IO[bytes]", file)


def _copied(url: Url, state: str, file: IO[bytes]) -> tuple[str, str]:
    """Copy an object; where it is replaced meanwhile, once more.

    Returns:
        The SHA-256 of its contents, and its state; the first is "" if it changed again.

    Raises:
        StoreError: If it cannot be read.
        OSError: If the copy cannot be written.
    """
    store = store_of(url)
    before = state or store.object(url).state
    for _ in range(2):
        file.seek(0)
        file.truncate()
        digest = hashlib.sha256()
        with contextlib.suppress(_ReplacedError):
            for block in _blocks(url, before):
                digest.update(block)
                file.write(block)
        after = store.object(url).state
        if after == before:
            return digest.hexdigest(), before
        before = after
    return "", before


class _ReplacedError(Exception):
    """An object is not the one that was asked for any more."""


def _blocks(url: Url, state: str) -> Iterator[bytes]:
    store = store_of(url)
    try:
        yield from store.read(url, size_in(state))
    except StoreError:
        # It may have become shorter.
        if store.facts(url).state != state:
            raise _ReplacedError from None
        raise


def contents_of(url: Url) -> str:
    """SHA-256 of an object.

    Raises:
        StoreError: If it cannot be read.
    """
    digest = hashlib.sha256()
    for block in store_of(url).read(url, store_of(url).object(url).size):
        digest.update(block)
    return digest.hexdigest()
