"""Results written behind the computation, by threads, in bounded memory."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

import numpy as np

from ..errors import HearError, UnwritableError, UsageError
from ..remote.url import Place, shown
from . import store
from .origin import Origin
from .spent import Spent

_PENDING_BYTES = 256 << 20
"""Results that may wait to be written. A larger one (20 minutes of mel: 393 MB) is waited for: next
to it there would be the next result, and in the module's process that once more."""

_ENDING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What no other result can be written after, either."""

Written = Callable[[HearError | None], None]
"""Called with None once a result is on disk, or with the reason why it is not."""

Save = Callable[[Any, dict[str, Any], Origin | None], None]
"""Writes a result, as `store.write` does."""


def _raise(error: HearError | None) -> None:
    if error is not None:
        raise error


class Writer:
    """A context in which results are handed over; at its end they are on disk.

    Leaving it because of an exception, Ctrl-C included, still writes what was handed over.

    Args:
        spent: Where the time goes that is spent on writing, and on waiting for it.
        n_threads: How many results are written at once.
    """

    def __init__(self, spent: Spent | None = None, n_threads: int = 1) -> None:
        self._spent = spent or Spent()
        self._threads = ThreadPoolExecutor(n_threads, thread_name_prefix="hear-writer")
        self._pending: deque[tuple[int, Future[None], Written]] = deque()
        self._bytes = 0

    def __enter__(self) -> Writer:
        """See the class."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for what is pending, and let a failure be seen unless another is under way."""
        with self._spent.on("handing_over"):
            self._threads.shutdown()
        while self._pending and error is None:
            self._take()

    def submit(
        self,
        path: Place,
        entries: dict[str, Any],
        origin: Origin | None = None,
        written: Written = _raise,
        save: Save | None = None,
    ) -> None:
        """Hand a result over; waits until little enough is pending.

        Args:
            path: Where it goes.
            entries: What it holds.
            origin: What it was made from, see `store.write`.
            written: Is told, here and later, how it went.
            save: Writes it; `store.write` if None.

        Raises:
            UsageError: If this or an earlier result cannot be written, and no other either.
        """
        size = sum(v.nbytes for v in entries.values() if isinstance(v, np.ndarray))
        while self._pending and (self._bytes + size > _PENDING_BYTES or self._pending[0][1].done()):
            self._take()
        writing = self._threads.submit(self._write, path, entries, origin, save)
        self._pending.append((size, writing, written))
        self._bytes += size
        while self._bytes > _PENDING_BYTES:
            self._take()

    def _take(self) -> None:
        size, writing, written = self._pending.popleft()
        self._bytes -= size
        try:
            with self._spent.on("handing_over"):
                writing.result()
        except UnwritableError as error:
            written(error)
        else:
            written(None)

    def _write(
        self, path: Place, entries: dict[str, Any], origin: Origin | None, save: Save | None
    ) -> None:
        with self._spent.on("writing"):
            _write(path, entries, origin, save or store.write)


def _write(path: Place, entries: dict[str, Any], origin: Origin | None, save: Save) -> None:
    try:
        save(path, entries, origin)
    except (UnwritableError, UsageError):
        raise
    except Exception as error:
        number = getattr(error, "errno", None)
        reason = getattr(error, "strerror", None) or error
        what = f"{shown(path)}: cannot be written ({reason})"
        if number in _ENDING:
            raise UsageError(
                f"{what}; the results before it stay. Make room or choose another --out: the same "
                "command resumes from there"
            ) from error
        raise UnwritableError(f"{what}; {_advice(number)}") from error


def _advice(number: int | None) -> str:
    if number == errno.ENAMETOOLONG:
        return "its name is too long with .npz at its end; rename the recording"
    if number in (errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY):
        return "something else has its place; remove that, or choose another --out"
    if number in (errno.EACCES, errno.EPERM):
        return "change the folder's permissions, or choose another --out"
    return "the same command tries it again"
