"""The line to a worker process: JSON, one message a line, and arrays in files.

The files lie in a folder in shared memory where there is one with room, otherwise among the
temporary files.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import secrets
import select
import shutil
import stat
import tempfile
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
import psutil
from numpy.typing import NDArray

from .. import machine
from ..text import printable

LONGEST_MESSAGE = 16 * 1024 * 1024
"""Bytes; a longer line is not an answer of our worker."""

_MOST_KEPT = 64 * 1024 * 1024
"""Bytes of an array whose file is used again; that of a larger one is removed once it was read."""

_KEPT = "kept-"
"""What the names of such files begin with."""

_PREFIX = "hear-worker-"

_T = TypeVar("_T")


def send(stream: BinaryIO | Any, message: dict[str, Any]) -> None:
    """Write a message on lines of its own: what was half written before cannot garble it."""
    stream.write(b"\n" + json.dumps(message, default=os.fspath).encode() + b"\n")
    stream.flush()


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


class Exchange:
    """Folders for arrays: the first with room is used.

    A file stays for the next array of its name, unless it is large: what shared memory costs is
    its new pages.

    Args:
        folders: Folders that both sides name in the same order.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        self._kept: dict[Path, BinaryIO] = {}
        self._written: dict[str, tuple[NDArray[Any], str]] = {}

    @classmethod
    def open(cls) -> Exchange:
        """New folders, in shared memory where there is some and among the temporary files."""
        homes = [home for home in (machine.shared_folder(), Path(tempfile.gettempdir())) if home]
        for home in homes:
            _sweep(home)
        return cls([Path(tempfile.mkdtemp(prefix=prefix(), dir=home)) for home in homes])

    def write(self, name: str, array: NDArray[Any]) -> str:
        """Save an array; what it is called in messages.

        Args:
            name: The last array of this name may be overwritten: it has been read.
            array: Any numbers. The same array once more, if it cannot be changed, is not written
                again.

        Raises:
            OSError: If it cannot be written anywhere.
        """
        last_array, reference = self._written.get(name, (None, ""))
        if array is last_array and not array.flags.writeable and self.path(reference).exists():
            return reference
        self._written.pop(name, None)
        # Half of the room: others share it.
        wanted = 2 * array.nbytes
        *preferred, last = range(len(self.folders))
        n = next((n for n in preferred if wanted < machine.free_bytes(self.folders[n])), last)
        if array.nbytes > _MOST_KEPT:
            file = f"{secrets.token_hex(16)}.npy"
            write_array(self.folders[n] / file, array)
        else:
            file = f"{_KEPT}{name}.npy"
            np.save(self._kept_file(self.folders[n] / file), array)
            if not array.flags.writeable:
                self._written[name] = array, f"{n}/{file}"
        return f"{n}/{file}"

    def _kept_file(self, path: Path) -> BinaryIO:
        file = self._kept.get(path)
        # Who has removed the file, or its folder, is to be noticed here, not by the other side.
        if file is not None and os.fstat(file.fileno()).st_nlink:
            file.seek(0)
            return file
        if file is not None:
            file.close()
        self._kept[path] = path.open("xb", buffering=0)
        return self._kept[path]

    def view(self, reference: str) -> NDArray[Any]:
        """The array that a message names, valid until the next one of its name is written.

        Changes of it stay in this process.
        """
        return np.asarray(np.load(self.path(reference), mmap_mode="c", allow_pickle=False))

    def read(self, reference: str, most_bytes: int) -> NDArray[Any]:
        """The array that a message names, read as `read_array` does; its file is done with."""
        array = read_array(self.path(reference), most_bytes)
        self.done(reference)
        return array

    def done(self, reference: str) -> None:
        """Remove the file of an array that is not needed any more, unless it is kept."""
        path = self.path(reference)
        if not path.name.startswith(_KEPT):
            path.unlink(missing_ok=True)

    def path(self, reference: str) -> Path:
        """Where the array is that a message names.

        Raises:
            ValueError: If the message names no place of these folders.
        """
        number, _, name = reference.partition("/")
        if not number.isdecimal() or int(number) >= len(self.folders) or Path(name).name != name:
            raise ValueError(f"{printable(reference)} is no array of this exchange")
        return self.folders[int(number)] / name

    def close(self) -> None:
        """Remove the folders."""
        for file in self._kept.values():
            file.close()
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def prefix() -> str:
    """What the names of this process's temporary folders begin with."""
    return f"{_PREFIX}{os.getpid()}-"


def _sweep(home: Path) -> None:
    """Remove folders of processes that were killed: in shared memory they would cost memory."""
    for folder in home.glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Save an array in a new file; a link or pipe put in its place is not written through.

    Raises:
        OSError: If something has this name already, or the folder is gone.
    """
    with path.open("xb") as file:
        np.save(file, array)


def read_array(path: Path, most_bytes: int) -> NDArray[Any]:
    """Read an array that the other side saved.

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
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufc":
        raise ValueError(f"{path.name} holds no numbers")
    return array
