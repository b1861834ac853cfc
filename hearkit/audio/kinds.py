"""What a file is that should be a recording: the true reason where it is none."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

HEAD = 4096
"""Bytes at the beginning that tell what a file is."""

_ADVICE = "; skipped"

APPLE_DOUBLE = b"\x00\x05\x16\x07"
"""What the Mac's `._` files begin with."""

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "is a git LFS pointer, not the recording; run git lfs pull"),
    (b"version https://hawser", "is a git LFS pointer, not the recording; run git lfs pull"),
    (b"/annex/objects/", "is a git-annex pointer, not the recording; run git annex get"),
    (APPLE_DOUBLE, "is what a Mac keeps next to a file (AppleDouble), not the recording"),
    (b"#EXTM3U", "is a playlist; name the recordings that it lists"),
    (b"[playlist]", "is a playlist; name the recordings that it lists"),
    (b"ffconcat version", "is a list of recordings for FFmpeg; name those recordings"),
    (b"PK\x03\x04", "is a zip archive; unpack it"),
    (b"\x1f\x8b", "is a gzip archive; unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive; unpack it"),
    (b"Rar!\x1a\x07", "is a rar archive; unpack it"),
    (b"\xfd7zXZ\x00", "is an xz archive; unpack it"),
    (b"BZh", "is a bzip2 archive; unpack it"),
    (b"\x28\xb5\x2f\xfd", "is a zstd archive; unpack it"),
    (b"\x89PNG", "is a picture (PNG)"),
    (b"\xff\xd8\xff", "is a picture (JPEG)"),
    (b"GIF8", "is a picture (GIF)"),
    (b"%PDF", "is a PDF document"),
    (b"MThd", "is MIDI: notes, without sound"),
    (b"\x93NUMPY", "is an array of NumPy"),
    (b"\x89HDF", "is an HDF5 file"),
    (b"\x7fELF", "is a program"),
    (b"SQLite format 3", "is a database (SQLite)"),
)

_KINDS = {
    b"RIFF": "WAV", b"RIFX": "WAV", b"RF64": "WAV", b"BW64": "WAV", b"FORM": "AIFF",
    b"OggS": "Ogg", b"fLaC": "FLAC", b"caff": "CAF", b"riff": "Wave64", b".snd": "AU",
    b"\x1a\x45\xdf\xa3": "Matroska or WebM", b"wvpk": "WavPack", b"ID3": "MP3", b"MAC ": "APE",
}  # fmt: skip
"""What recordings of some kinds begin with."""

_PAGES = (b"<!doctype html", b"<html", b"<?xml", b"<!doctype")


class RefusedError(Exception):
    """Why a file is not embedded, to be read after its name."""


def shown(path: Path) -> str:
    r"""A path for a message: bytes that are no UTF-8 as `\xe9`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A plain file, open for reading; a pipe or device is not waited for.

    Raises:
        RefusedError: If there is no such file, or it may not be read, or is no plain file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise RefusedError(_why_not_opened(path, error)) from error
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise RefusedError(f"is {_special(facts.st_mode)}, no file{_ADVICE}")
        if not facts.st_size:
            raise RefusedError(f"is empty, 0 bytes{_ADVICE}")
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def _why_not_opened(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        if path.is_symlink() and "/annex/objects/" in os.fspath(path.readlink()):
            return (
                f"is a link of git-annex, and the recording is not here; run git annex get{_ADVICE}"
            )
        if path.is_symlink():
            return f"is a link to {shown(path.readlink())}, which does not exist{_ADVICE}"
        return f"there is no such file{_ADVICE}"
    if isinstance(error, PermissionError):
        return f"cannot be read: permission denied{_ADVICE}, ask its owner or chmod it"
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            return f"is {_special(mode)}, no file{_ADVICE}"
    return f"cannot be opened: {error.strerror or error}{_ADVICE}"


def _special(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a folder" if stat.S_ISDIR(mode) else "a device"


def head_of(file: BinaryIO) -> bytes:
    """The beginning of an open file, whose position stays."""
    return os.pread(file.fileno(), HEAD, 0)


def refuse_by_beginning(file: BinaryIO) -> None:
    """Refuse what is well known and no recording.

    Raises:
        RefusedError: If the file is such.
    """
    head = head_of(file)
    for beginning, what in _BEGINNINGS:
        if head.startswith(beginning):
            raise RefusedError(f"cannot be read as audio: it {what}{_ADVICE}")
    if head.lstrip().lower().startswith(_PAGES):
        raise RefusedError(
            "cannot be read as audio: it is a web page or XML, perhaps saved in place of the "
            f"recording{_ADVICE}, download it again"
        )


def described(file: BinaryIO) -> str:
    """What an unknown file looks like; "" where that says nothing."""
    head = head_of(file)
    if not head.strip(b"\0"):
        return "it holds zero bytes, as a copy or download that was not completed"
    for beginning, kind in _KINDS.items():
        if head.startswith(beginning):
            size = os.fstat(file.fileno()).st_size
            return f"it begins as {kind} does, and is cut or damaged there: it has {size} bytes"
    with contextlib.suppress(UnicodeDecodeError):
        # The last character may be cut in the middle.
        text = head[: len(head) - 3 * (len(head) == HEAD)].decode()
        if text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
            return "it is text"
    return ""
