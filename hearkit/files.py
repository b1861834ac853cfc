"""Files are written atomically, and refused early if they cannot be written."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
import re
import secrets
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from . import machine
from .errors import UsageError

_UNFINISHED = ".hear-"
"""What the names of unfinished files begin with; short, since a name has 255 bytes."""


_TOKEN_BYTES = 8
_LEFT = re.compile(rf"{re.escape(_UNFINISHED)}[0-9a-f]{{{2 * _TOKEN_BYTES}}}")

_NEW_S = 60.0
"""Seconds in which an unfinished file may not be held yet by the process that makes it."""


def _umask() -> int:
    """The permissions that new files do not get; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


_NEW_FILE = 0o666 & ~_umask()
"""Permissions; read once, before there are threads that make files."""


@contextlib.contextmanager
def written_atomically(path: Path, *, replace: bool = True) -> Iterator[IO[Any]]:
    """An open file for bytes that takes a path's place at the end of the context.

    Until then it has no name, or where the file system cannot do that one that nobody can
    foresee: two runs do not meet in it, and a planted link is not followed. Where the context
    raises, what stood there stays.

    Args:
        path: Where it is to be.
        replace: Whether a file there is replaced.

    Raises:
        FileExistsError: If something is there that is not to be replaced.
        OSError: If the folder cannot be written, or the disk is full.
    """
    part = path.with_name(_UNFINISHED + secrets.token_hex(_TOKEN_BYTES))
    # A run that is killed leaves nothing behind of a file without a name.
    descriptor = machine.open_nameless(path.parent)
    has_name = descriptor is None
    if descriptor is None:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        machine.hold(descriptor)  # as long as this is so, nobody sweeps it away
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
            os.fchmod(descriptor, _mode(path))
            if not has_name:
                machine.give_name(descriptor, part if replace else path)
                has_name = replace
            if has_name:
                (part.replace if replace else functools.partial(_move_where_free, part))(path)
    except BaseException:
        if has_name:
            part.unlink(missing_ok=True)
        raise


def _move_where_free(part: Path, path: Path) -> None:
    """Rename a file; nothing is replaced."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: the moment in between remains
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        part.replace(path)
    else:
        part.unlink()


def sweep(folder: Path) -> None:
    """Remove files that killed runs left unfinished in a folder.

    Those that a process still writes are held by it, on whatever machine that runs.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _LEFT.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    _sweep_one(Path(entry.path))


def _sweep_one(path: Path) -> None:
    if time.time() - path.stat().st_mtime < _NEW_S:
        return  # made a moment ago, and perhaps not yet held
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if machine.hold(descriptor):
            path.unlink()
    finally:
        os.close(descriptor)


def digest(path: str | Path) -> str:
    """SHA-256 of what a plain file holds.

    Args:
        path: The file; a link is followed, a pipe or device is not waited for.

    Raises:
        OSError: If there is no such file, or it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no plain file")
        found = hashlib.sha256()
        block = memoryview(bytearray(_BLOCK))
        while n := file.readinto(block):
            found.update(block[:n])
    return found.hexdigest()


_BLOCK = 1 << 18
"""Bytes read at once."""


def _mode(path: Path) -> int:
    """The permissions of the file that stands there, or of a new one."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return _NEW_FILE


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
