"""Files are written atomically, and refused early if they cannot be written."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from . import machine
from .errors import UsageError

_UNFINISHED = ".hear-"
"""What the names of unfinished files begin with; short, since a name has 255 bytes."""


def _umask() -> int:
    """The permissions that new files do not get; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


_NEW_FILE = 0o666 & ~_umask()
"""Permissions; read once, before there are threads that make files."""


@contextlib.contextmanager
def written_atomically(path: Path) -> Iterator[IO[Any]]:
    """An open file for bytes that takes a path's place at the end of the context.

    Until then it has no name, or where the file system cannot do that one that nobody can
    foresee: two runs do not meet in it, and a planted link is not followed. Where the context
    raises, what stood there stays.

    Args:
        path: Where it is to be; a file there is replaced.

    Raises:
        OSError: If the folder cannot be written, or the disk is full.
    """
    part = path.with_name(_UNFINISHED + secrets.token_hex(8))
    # A run that is killed leaves nothing behind of a file without a name.
    descriptor = machine.open_nameless(path.parent)
    has_name = descriptor is None
    if descriptor is None:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
            if not has_name:
                machine.give_name(descriptor, part)
                has_name = True
        part.chmod(_mode(path))
        part.replace(path)
    except BaseException:
        if has_name:
            part.unlink(missing_ok=True)
        raise


def _mode(path: Path) -> int:
    """The permissions of the file that stands there, or of a new one."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return _NEW_FILE


def contents_digest(path: Path) -> bytes:
    """SHA-256 of a file's contents.

    Raises:
        OSError: If it cannot be read.
    """
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            sha.update(block)
    return sha.digest()


def check_writable(names: Iterable[str]) -> None:
    """Refuse files that cannot be written before minutes are spent on a run.

    Args:
        names: Paths as they were given.

    Raises:
        UsageError: If one cannot be written, or two are the same.
    """
    seen: set[Path] = set()
    for name in names:
        path = Path(name)
        if path.resolve() in seen:
            raise UsageError(f"{name}: is given for two reports; give each a file of its own")
        seen.add(path.resolve())
        if path.is_dir():
            raise UsageError(f"{name}: is a folder; give the name of a file")
        if not path.parent.is_dir():
            raise UsageError(f"{name}: there is no folder {path.parent}; make it first")
        if path.exists() and not os.access(path, os.W_OK):
            raise UsageError(f"{name}: cannot be written: permission denied")
        if not _is_special(path):
            try:
                with tempfile.TemporaryFile(dir=path.resolve().parent):
                    pass
            except OSError as error:
                raise UsageError(f"{name}: cannot be written: {error.strerror}") from None


def write(name: str, text: str) -> None:
    """Write a text file atomically.

    Args:
        name: The path as it was given. A device or pipe, such as `/dev/stdout`, is written to.
        text: What to write, as UTF-8.

    Raises:
        UsageError: If it cannot be written.
    """
    path = Path(name)
    try:
        if _is_special(path):
            path.write_text(text, "utf-8")
        else:
            with written_atomically(path.resolve()) as file:
                file.write(text.encode())
    except OSError as error:
        raise UsageError(f"{name}: cannot be written: {error.strerror}") from None


def _is_special(path: Path) -> bool:
    """Whether something stands there that must not be replaced by a file."""
    return path.exists() and not path.is_file()
