"""Where reports are written: refused early if they cannot be, and whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .options import UsageError


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
    """Write a file so that it is there whole or not at all.

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
            _replace(path.resolve(), text)
    except OSError as error:
        raise UsageError(f"{name}: cannot be written: {error.strerror}") from None


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _is_special(path: Path) -> bool:
    """Whether something stands there that must not be replaced by a file."""
    return path.exists() and not path.is_file()
