"""One part: written atomically, in bounded memory."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...optional import arrow
from ...remote.atomic import written
from ...remote.url import Place
from .rows import TEXTS, Sizes, schema_of, table_of

_GROUP_BYTES = 64 << 20
"""Results that wait in memory to be written as one row group."""

_GROUP_ROWS = 8192

_TEXT_BYTES = 1000
"""Of the columns of text in a row, about."""


class Part:
    """A part that is being written; nobody sees it before it is complete.

    Args:
        path: Where it is to be.
        sizes: The sizes of its embeddings.

    Attributes:
        path: As above.
        sizes: As above.
        names: The column `path` of its rows.
        n_bytes: Bytes of its results, about.
        begun: When it was begun, on the monotonic clock.
    """

    def __init__(self, path: Place, sizes: Sizes) -> None:
        self.path = path
        self.sizes = sizes
        self.names: list[str] = []
        self.n_bytes = 0
        self.begun = time.monotonic()
        self._rows: list[Mapping[str, Any]] = []
        self._row_bytes = 0
        self._closing = contextlib.ExitStack()
        self._write = self._closing.enter_context(table_writer(path, schema_of(sizes)))

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a result.

        Args:
            row: Its entries, with `path`.

        Raises:
            OSError: If the disk is full, for example.
        """
        size = _TEXT_BYTES + sum(v.nbytes for v in row.values() if isinstance(v, np.ndarray))
        self.names.append(row["path"])
        self.n_bytes += size
        self._rows.append(row)
        self._row_bytes += size
        if self._row_bytes >= _GROUP_BYTES or len(self._rows) >= _GROUP_ROWS:
            self._flush()

    def complete(self) -> None:
        """Write the rest, and give the part its name.

        Raises:
            OSError: If that fails.
        """
        with self._closing:
            self._flush()

    def abandon(self) -> None:
        """Leave nothing of it behind."""
        with contextlib.suppress(_AbandonedError), self._closing:
            raise _AbandonedError

    def _flush(self) -> None:
        if self._rows:
            self._write(table_of(self._rows, self.sizes))
            self._rows, self._row_bytes = [], 0


class _AbandonedError(Exception):
    """Tells contexts that what they write is not wanted."""


@contextmanager
def table_writer(path: Place, schema: Any) -> Iterator[Callable[[Any], None]]:
    """A function that writes a table as a row group of a Parquet file, complete at the end.

    Args:
        path: The file; where the context raises, what stood there stays.
        schema: Of all tables.
    """
    _, pq = arrow("--format parquet")
    with written(path) as file:
        writer = pq.ParquetWriter(
            file,
            schema,
            # Embeddings hardly repeat: a dictionary of them would only take time.
            use_dictionary=list(TEXTS),
            write_statistics=["path"],
            write_page_checksum=True,
        )
        try:
            yield writer.write_table
        except BaseException:
            with contextlib.suppress(Exception):  # the first error counts
                writer.close()
            raise
        writer.close()
