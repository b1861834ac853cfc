"""Debian packages: fetch, check, unpack, and the files within."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from training.corpus.sources import CorpusError, Source

CHUNK = 1 << 20


def fetch(source: Source, folder: Path) -> Path:
    """The package's `.deb`, downloaded unless it is there already.

    Args:
        source: Names package and version.
        folder: Where it is, or goes.

    Raises:
        CorpusError: If apt cannot get it.
    """
    # As apt writes a colon in the names of files.
    version = source.version.replace(":", "%3a")
    pattern = glob.escape(f"{source.package}_{version}_") + "*.deb"
    folder.mkdir(parents=True, exist_ok=True)
    # A download that is interrupted must not pass for a package.
    with tempfile.TemporaryDirectory(dir=folder, prefix="partial-") as partial:
        if not (found := sorted(folder.glob(pattern))):
            wanted = f"{source.package}={source.version}"
            run(["apt-get", "download", wanted], f"{wanted}: not downloaded", cwd=partial)
            found = [path.replace(folder / path.name) for path in Path(partial).glob(pattern)]
    if not found:
        raise CorpusError(f"{source.package}: apt-get download left no {pattern}")
    return found[0]


def check(source: Source, deb: Path) -> None:
    """Compare a `.deb` with the table.

    Raises:
        CorpusError: If it is another.
    """
    digest = hashlib.sha256()
    with deb.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    if (got := digest.hexdigest()) != source.sha256:
        raise CorpusError(
            f"{source.package}: the SHA-256 of {deb} is {got}, expected {source.sha256}; delete "
            "the file to fetch it again, or put the package you trust into "
            "training/corpus/sources.toml"
        )


def unpack(deb: Path, folder: Path) -> None:
    """Unpack a `.deb` into a folder.

    Raises:
        CorpusError: If it cannot be.
    """
    run(["dpkg-deb", "--extract", str(deb), str(folder)], f"{deb}: not unpacked")


def files(source: Source, tree: Path) -> Iterator[tuple[str, bytes]]:
    """The files below a package's root, in the order of their paths.

    Args:
        source: The package, for its root.
        tree: Where it is unpacked.

    Yields:
        Path in the package, and contents. Links are left out: what they point to comes anyway.

    Raises:
        CorpusError: If there is no such folder or archive.
    """
    outside, in_archive, inside = source.root.partition(".zip/")
    if in_archive:
        archive = outside + ".zip"
        try:
            with zipfile.ZipFile(tree / archive) as opened:
                for name in sorted(opened.namelist()):
                    if name.startswith(inside) and not name.endswith("/"):
                        yield f"{archive}/{name}", opened.read(name)
        except (OSError, zipfile.BadZipFile) as error:
            raise CorpusError(f"{source.package}: {archive}: {error}") from error
        return
    if not (root := tree / source.root).is_dir():
        raise CorpusError(f"{source.package}: {source.root}: the package has no such folder")
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(tree).as_posix(), path.read_bytes()


def run(command: list[str], failed: str, cwd: str | None = None) -> None:
    """Run a program quietly.

    Raises:
        CorpusError: If it fails, or is not installed: `failed`, and why.
    """
    try:
        subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C"},
            check=True,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        raise CorpusError(f"{failed}: there is no {command[0]}; this needs Debian 12") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or [f"exit status {error.returncode}"]
        # The last line tells most, except of a full disk: then it is only that tar failed.
        full = [line for line in said if os.strerror(errno.ENOSPC) in line]
        raise CorpusError(f"{failed}: {[*full, said[-1]][0]}") from error
