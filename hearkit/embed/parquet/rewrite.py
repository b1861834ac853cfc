"""A complete part written again: without some rows, or with other facts in some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...optional import arrow
from ...remote.atomic import remove
from ...remote.url import Place
from ..origin import Origin
from .part import table_writer
from .places import opened
from .rows import made_from_text


def without(path: Place, names: set[str]) -> None:
    """Remove rows from a part; one without rows is removed itself.

    Args:
        path: The part.
        names: Values of `path` in the rows.
    """

    def kept(table: Any) -> Any:
        return table.filter([name not in names for name in table.column("path").to_pylist()])

    _rewrite(path, kept)


def renewed(path: Place, origins: Mapping[str, Origin]) -> None:
    """Note where recordings are now, and their times.

    Args:
        path: The part.
        origins: The new facts by `path`.
    """
    pa, _ = arrow("--format parquet")

    def noted(table: Any) -> Any:
        made_from = [
            made_from_text(origins[name].entries()["made_from"]) if name in origins else before
            for name, before in zip(
                table.column("path").to_pylist(), table.column("made_from").to_pylist(), strict=True
            )
        ]
        place = table.schema.get_field_index("made_from")
        return table.set_column(place, table.schema.field(place), pa.array(made_from, pa.string()))

    _rewrite(path, noted)


def _rewrite(path: Place, change: Callable[[Any], Any]) -> None:
    """Change a part, one row group in memory at a time."""
    _, pq = arrow("--format parquet")
    with opened(path) as raw, pq.ParquetFile(raw, page_checksum_verification=True) as file:
        n_rows = 0
        names = file.metadata.num_row_groups
        with table_writer(path, file.schema_arrow) as write:
            for group in range(names):
                table = change(file.read_row_group(group))
                n_rows += table.num_rows
                if table.num_rows:
                    write(table)
    if not n_rows:
        remove(path)
