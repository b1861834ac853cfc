"""The line between the validator and its worker: JSON, one message a line, and arrays in files."""

from __future__ import annotations

import contextlib
import json
import os
import select
import stat
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

LONGEST_MESSAGE = 16 * 1024 * 1024
"""Bytes; a longer line is not an answer of our worker."""


def send(stream: BinaryIO | Any, message: dict[str, Any]) -> None:
    """Write a message on lines of its own: what was half written before cannot garble it."""
    stream.write(b"\n" + json.dumps(message).encode() + b"\n")
    stream.flush()


def parse(line: bytes) -> dict[str, Any] | None:
    """The message, or None where the line holds something else."""
    with contextlib.suppress(ValueError, RecursionError):
        message = json.loads(line)
        if isinstance(message, dict):
            return message
    return None


class Incoming:
    """Lines from a pipe, read without ever waiting longer than asked to.

    Args:
        descriptor: The pipe's reading end.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = bytearray()
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self.ended = False
        os.set_blocking(descriptor, False)

    def lines(self, seconds: float) -> list[bytes]:
        """The complete lines that arrive in this time; at the first ones it returns."""
        if self.ended or not self._poll.poll(1000 * seconds):
            return []
        try:
            read = os.read(self._descriptor, 1 << 20)
        except BlockingIOError:
            return []
        if not read:
            self.ended = True
            return []
        self._rest += read
        *lines, last = self._rest.split(b"\n")
        # Whoever writes without end must not fill this side's memory.
        self._rest = bytearray() if len(last) > LONGEST_MESSAGE else last
        return [bytes(line) for line in lines if line.strip()]


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Save an array in a new file; a link or pipe put in its place is not written through.

    Raises:
        OSError: If something has this name already, or the folder is gone.
    """
    with path.open("xb") as file:
        np.save(file, array)


def read_array(path: Path, most_bytes: int) -> NDArray[Any]:
    """Read and remove an array that the other side saved.

    It is read whole, not mapped: a file that is changed or cut later changes nothing here.

    Args:
        path: The file.
        most_bytes: Larger files are refused.

    Raises:
        OSError: If there is no such plain file.
        ValueError: If it is too large or holds no plain numbers.
    """
    # Neither a link is followed nor a pipe waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError(f"{path.name} is no plain file")
        if facts.st_size > most_bytes:
            raise ValueError(f"{path.name} holds {facts.st_size / 1e9:.1f} GB")
        try:
            array: NDArray[Any] = np.load(file, allow_pickle=False)
        except (MemoryError, EOFError) as error:
            raise ValueError(f"{path.name} cannot be read: {error}") from None
    path.unlink(missing_ok=True)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufc":
        raise ValueError(f"{path.name} holds no numbers")
    return array
