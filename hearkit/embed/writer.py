"""Results written behind the computation, by one thread, in bounded memory."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ..errors import UsageError
from . import store
from .spent import Spent

_PENDING_BYTES = 256 << 20
"""Results that may wait to be written; one larger result (20 minutes of mel: 393 MB) may too."""


class Writer:
    """A context in which results are handed over; at its end they are on disk.

    Leaving it because of an exception, Ctrl-C included, still writes what was handed over.

    Args:
        spent: Where the time goes that is spent on writing, and on waiting for it.
    """

    def __init__(self, spent: Spent | None = None) -> None:
        self._spent = spent or Spent()
        self._thread = ThreadPoolExecutor(1)
        self._pending: deque[tuple[int, Future[None]]] = deque()
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
            self._thread.shutdown()
        while self._pending and error is None:
            self._take()

    def submit(self, path: Path, entries: dict[str, Any]) -> None:
        """Hand a result over; waits while too much is pending.

        Raises:
            UsageError: If this or an earlier result cannot be written.
        """
        size = sum(v.nbytes for v in entries.values() if isinstance(v, np.ndarray))
        while self._pending and (self._bytes + size > _PENDING_BYTES or self._pending[0][1].done()):
            self._take()
        self._pending.append((size, self._thread.submit(self._write, path, entries)))
        self._bytes += size

    def _take(self) -> None:
        size, writing = self._pending.popleft()
        with self._spent.on("handing_over"):
            writing.result()
        self._bytes -= size

    def _write(self, path: Path, entries: dict[str, Any]) -> None:
        with self._spent.on("writing"):
            _write(path, entries)


def _write(path: Path, entries: dict[str, Any]) -> None:
    try:
        store.write(path, entries)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written ({error.strerror or error}); the results before it stay, "
            "and the same command resumes from there"
        ) from error
