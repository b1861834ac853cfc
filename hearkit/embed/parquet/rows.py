"""Results as rows of a Parquet file, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...optional import arrow

TEXTS = ("path", "source", "module", "weights", "version", "fingerprint", "made_from")
"""Columns of text."""

KNOWN_BY = ("path", "fingerprint", "made_from")
"""Columns that tell what a row was made from."""

MARK = b"hear-embed"
"""Key of the schema's metadata in files of ours; its value is the version of their layout."""

_LAYOUT = b"1"


@dataclass(frozen=True)
class Sizes:
    """Numbers in the embeddings of a model.

    Attributes:
        scene: Of a scene embedding.
        timestamp: Of a timestamp embedding.
    """

    scene: int
    timestamp: int

    @classmethod
    def of_entries(cls, entries: Mapping[str, Any]) -> Sizes:
        """The sizes of one result."""
        return cls(len(entries["scene_embedding"]), entries["timestamp_embeddings"].shape[1])

    @classmethod
    def of_schema(cls, schema: Any) -> Sizes:
        """The sizes in a part.

        Raises:
            LookupError: If it was not written by us.
            AttributeError: The same.
        """
        if (schema.metadata or {}).get(MARK) != _LAYOUT:
            raise LookupError("no mark of hear-embed")
        return cls(
            schema.field("scene_embedding").type.list_size,
            schema.field("timestamp_embeddings").type.value_type.list_size,
        )

    def __str__(self) -> str:
        """The sizes, for messages."""
        return f"{self.scene} and {self.timestamp} numbers"


def schema_of(sizes: Sizes) -> Any:
    """The Arrow schema of a part."""
    pa, _ = arrow("--format parquet")
    number = pa.float32()
    columns = [
        ("path", pa.string()),
        ("scene_embedding", pa.list_(number, sizes.scene)),
        ("timestamps", pa.list_(number)),
        ("timestamp_embeddings", pa.list_(pa.list_(number, sizes.timestamp))),
        ("source", pa.string()),
        ("duration", pa.float64()),
        ("sample_rate", pa.int64()),
        *((name, pa.string()) for name in TEXTS[2:]),
    ]
    return pa.schema(columns, metadata={MARK: _LAYOUT})


def table_of(rows: Sequence[Mapping[str, Any]], sizes: Sizes) -> Any:
    """An Arrow table of results.

    Args:
        rows: The entries of each, with `path`.
        sizes: The sizes of the embeddings.
    """
    pa, _ = arrow("--format parquet")
    number = pa.float32()
    n_timestamps = [len(row["timestamps"]) for row in rows]
    starts = pa.array(np.cumsum([0, *n_timestamps]), pa.int32())

    def numbers(name: str) -> Any:
        joined = np.concatenate([np.ravel(row[name]) for row in rows], dtype=np.float32)
        # As it is, without a look at what its numbers may be.
        return pa.Array.from_buffers(number, len(joined), [None, pa.py_buffer(joined)])

    fixed = pa.FixedSizeListArray.from_arrays
    columns = {
        "scene_embedding": fixed(numbers("scene_embedding"), sizes.scene),
        "timestamps": pa.ListArray.from_arrays(starts, numbers("timestamps")),
        "timestamp_embeddings": pa.ListArray.from_arrays(
            starts, fixed(numbers("timestamp_embeddings"), sizes.timestamp)
        ),
    }
    schema = schema_of(sizes)
    arrays = [
        columns[field.name]
        if field.name in columns
        else pa.array([row[field.name] for row in rows], field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def made_from_text(made_from: NDArray[Any]) -> str:
    """The entry `made_from` as a column has it; names that are no UTF-8 survive in JSON."""
    return json.dumps(made_from.tolist())


def text(name: str) -> str:
    r"""A name as a column has it: bytes that are no UTF-8 as `\xe9`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def entries_of(table: Any, row: int) -> dict[str, NDArray[Any]]:
    """A row as `store.read` gives a result; without `path`."""
    one = table.slice(row, 1)
    size = Sizes.of_schema(table.schema).timestamp
    stamped = one.column("timestamp_embeddings").combine_chunks().flatten().flatten()
    found: dict[str, NDArray[Any]] = {
        "scene_embedding": _floats(one.column("scene_embedding").combine_chunks().flatten()),
        "timestamp_embeddings": _floats(stamped).reshape(-1, size),
        "timestamps": _floats(one.column("timestamps").combine_chunks().flatten()),
    }
    for name in ("source", "duration", "sample_rate", "module", "weights", "version",
                 "fingerprint"):  # fmt: skip
        found[name] = np.asarray(one.column(name)[0].as_py())
    found["made_from"] = np.asarray(json.loads(one.column("made_from")[0].as_py()))
    return found


def _floats(array: Any) -> NDArray[np.float32]:
    """An Arrow array as one of NumPy, which may be written to."""
    return np.array(array.to_numpy(zero_copy_only=False), np.float32)
