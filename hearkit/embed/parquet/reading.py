"""One result from a folder of parts, or from one of them."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ...optional import arrow
from ...remote.errors import StoreError
from ...remote.url import Place
from .places import opened, parts_in
from .rows import Sizes, entries_of, text


def read_row(path: Place, name: str) -> dict[str, NDArray[Any]]:
    """A result, as `store.read` gives it.

    Args:
        path: A part, or the folder of parts.
        name: The recording's path, as in the column `path`.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        KeyError: If there is no result of this recording.
        ValueError: If a part is damaged, or not ours.
    """
    pa, pq = arrow("a result in Parquet")
    parts = [path] if path.suffix == ".parquet" else list(parts_in(path))
    wanted = text(name)
    for part in parts:
        try:
            with opened(part) as raw, pq.ParquetFile(raw, page_checksum_verification=True) as file:
                Sizes.of_schema(file.schema_arrow)
                for group in range(file.metadata.num_row_groups):
                    names = file.read_row_group(group, ["path"]).column("path").to_pylist()
                    if wanted in names:
                        return entries_of(file.read_row_group(group), names.index(wanted))
        except (FileNotFoundError, StoreError):
            raise
        except (OSError, LookupError, AttributeError, pa.ArrowException) as error:
            reason = str(error).partition("\n")[0]
            raise ValueError(f"{part}: is no complete part of hear-embed ({reason})") from None
    raise KeyError(f"{path}: has no result of {name!r}")
