"""The line to a worker process: JSON, one message a line; arrays go by `exchange`."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import select
import time
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from ..text import printable

LONGEST_MESSAGE = 16 * 1024 * 1024
"""Bytes; a longer line is not an answer of our worker."""

_T = TypeVar("_T")


def send(stream: BinaryIO | Any, message: dict[str, Any]) -> None:
    """Write a message."""
    stream.write(_line_of(message))
    stream.flush()


def size_of(message: dict[str, Any]) -> int:
    """How many bytes a message has."""
    return len(_line_of(message))


def _line_of(message: dict[str, Any]) -> bytes:
    """A message on lines of its own: what was half written before cannot garble it."""
    return b"\n" + json.dumps(message, default=os.fspath).encode() + b"\n"


def parse(line: bytes) -> dict[str, Any] | None:
    """The message, or None where the line holds something else."""
    with contextlib.suppress(ValueError, RecursionError):
        message = json.loads(line)
        if isinstance(message, dict):
            return message
    return None


def plain(thing: Any) -> dict[str, Any]:
    """The fields of a dataclass as JSON has them."""
    return dataclasses.asdict(thing)


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def typed(kind: Any, value: Any) -> Any:
    """A value of a type, dataclasses included, from what JSON made of it.

    Args:
        kind: A dataclass, or what its fields are declared as: `str`, `Path`, `int`, `float`,
            `bool`, a tuple of one kind, a mapping from text, or one of those or None.
        value: Plain JSON values.

    Returns:
        The value; text without control characters, paths as they are.

    Raises:
        TypeError: If it is something else.
        ValueError: The same, or a field is missing or unknown.
    """
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        # Only "or None" occurs.
        (other,) = (a for a in arguments if a is not type(None))
        return None if value is None else typed(other, value)
    if origin is tuple:
        return tuple(typed(arguments[0], one) for one in _checked(list, value))
    if origin is not None and issubclass(origin, Mapping):
        return {str(key): typed(arguments[1], one) for key, one in _checked(dict, value).items()}
    if kind is Any:
        return value
    if kind is float:
        return float(_checked((int, float), value))
    if kind is Path:
        return Path(_checked(str, value))
    return printable(_checked(str, value)) if kind is str else _checked(kind, value)


def _dataclass(kind: Any, value: Any) -> Any:
    given = _checked(dict, value)
    hints = _hints(kind)
    fields = {f.name: hints[f.name] for f in dataclasses.fields(kind)}
    if set(given) != set(fields):
        odd = ", ".join(sorted(set(given) ^ set(fields)))
        raise ValueError(f"{kind.__name__} is not told by {odd}")
    return kind(**{name: typed(fields[name], one) for name, one in given.items()})


def _checked(kind: Any, value: Any) -> Any:
    # To Python, true is a whole number.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{type(value).__name__} where {kind} was expected")
    return value


class Outgoing:
    """Messages into a pipe, written without ever waiting longer than asked to.

    Args:
        descriptor: The pipe's writing end.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        os.set_blocking(descriptor, False)

    def send(self, message: dict[str, Any], end: float) -> None:
        """Write a message.

        Args:
            message: Plain JSON values.
            end: When to give up, on the monotonic clock.

        Raises:
            TimeoutError: If whoever should read it has not done so by then.
            OSError: If the pipe is closed.
        """
        rest = memoryview(_line_of(message))
        while rest:
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(self._descriptor, rest) :]
                continue
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("nobody reads")
            self._poll.poll(1000 * min(left, 1.0))

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._descriptor)


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

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._descriptor)
