"""Read the weights of a CTranslate2 model, without CTranslate2.

Source: `ModelReader` in its `src/models/model.cc`, binary version 6.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

VERSIONS = (5, 6)
"""Of the binary format. Version 4 introduced types, 5 the configuration outside of it."""

TYPES: dict[int, str] = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
"""NumPy's name of each type's number."""


class ModelError(ValueError):
    """A file that is no such model, or one that is cut short."""


def read_variables(path: Path, prefix: str = "") -> dict[str, Tensor]:
    """The variables of a `model.bin`.

    Args:
        path: The file.
        prefix: Beginning of the names that are wanted, which is left out of them.

    Returns:
        Tensors by name, floats as float32.

    Raises:
        OSError: If it cannot be read.
        ModelError: If it is another file, or a part of one.
    """
    try:
        with path.open("rb") as file:
            return dict(_variables(file, path, prefix))
    except struct.error as error:
        raise ModelError(f"{path}: ends within a variable; unpack its package again") from error


def _variables(file: BinaryIO, path: Path, prefix: str) -> list[tuple[str, Tensor]]:
    (version,) = _numbers(file, "<I")
    if version not in VERSIONS:
        raise ModelError(f"{path}: is no CTranslate2 model of version 5 or 6")
    _text(file)  # the kind of model
    _, n_variables = _numbers(file, "<II")
    found = []
    for _ in range(n_variables):
        name = _text(file)
        (rank,) = _numbers(file, "<B")
        shape = _numbers(file, f"<{rank}I")
        number, n_bytes = _numbers(file, "<BI")
        if not name.startswith(prefix):
            file.seek(n_bytes, 1)
            continue
        if number not in TYPES:
            raise ModelError(f"{path}: {name} has type {number}, which is not known here")
        content = file.read(n_bytes)
        if len(content) < n_bytes:
            raise ModelError(f"{path}: ends within {name}; unpack its package again")
        array = np.frombuffer(content, TYPES[number]).reshape(shape)
        is_float = array.dtype.kind == "f"
        tensor = torch.from_numpy(array.astype(np.float32) if is_float else array.copy())
        found.append((name[len(prefix) :], tensor))
    return found


def _numbers(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _text(file: BinaryIO) -> str:
    """A length, and as many bytes, the last of which is zero."""
    (length,) = _numbers(file, "<H")
    return file.read(length).rstrip(b"\0").decode("utf-8")
