"""Which audio files to embed, and where each result goes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..audio.kinds import shown
from ..errors import UsageError
from .search import SUFFIXES, LeftOut, search

__all__ = ["SUFFIXES", "Job", "LeftOut", "collected", "find_jobs"]


@dataclass(frozen=True, slots=True)
class Job:
    """One audio file and its result; small, since there may be millions.

    Attributes:
        given: Path of the audio file, as text.
        folder: The folder for the results, which all jobs share.
        name: The audio file's path below the folder that was named, with `/`.
    """

    given: str
    folder: Path
    name: str

    @property
    def source(self) -> Path:
        """The audio file."""
        return Path(self.given)

    @property
    def output(self) -> Path:
        """The `.npz` file to write."""
        return self.folder / f"{self.name}.npz"


def find_jobs(inputs: Iterable[Path], out: Path, left_out: LeftOut | None = None) -> list[Job]:
    """The files to embed, folders searched, in a stable order.

    A file below a named folder keeps its place below `out`; a named file goes to the top. The
    suffix stays (`bell.wav.npz`), so that `bell.wav` and `bell.flac` do not meet.

    Args:
        inputs: Files and folders.
        out: The folder for the results.
        left_out: Is told what is not embedded, and why.

    Raises:
        UsageError: If no audio is found, or two inputs would be written to the same place.
    """
    inputs = list(inputs)
    left_out = LeftOut() if left_out is None else left_out
    jobs = collected((pair for given in inputs for pair in search(given, left_out)), out)
    if not jobs:
        raise UsageError(_nothing(inputs, left_out))
    return jobs


def collected(found: Iterable[tuple[Path, Path]], out: Path) -> list[Job]:
    """A job for each recording, one for each place.

    Args:
        found: Recordings, each with its path relative to the results.
        out: The folder for the results.

    Raises:
        UsageError: If two recordings would be written to the same place.
    """
    jobs: dict[str, Job] = {}
    for source, relative in found:
        name, given = relative.as_posix(), str(source)
        before = jobs.get(name)
        if before is None:
            jobs[name] = Job(given, out, name)
        elif before.given != given and not _is_same(before.given, given):
            raise UsageError(
                f"{shown(before.source)} and {shown(source)} would both be written to "
                f"{shown(before.output)}; name a folder that holds both, or give each an --out of "
                "its own"
            )
    return list(jobs.values())


def _is_same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _nothing(inputs: list[Path], left_out: LeftOut) -> str:
    """Why there is nothing to embed."""
    if left_out.troubles:
        more = len(left_out.troubles) - 1
        return left_out.troubles[0] + (f" (and {more} more)" if more else "")
    seen = f"; {left_out}" if left_out.kinds else ""
    return (
        f"no audio found in {', '.join(map(shown, inputs))}{seen}; in a folder, files are taken "
        f"that are called {' '.join(sorted(SUFFIXES))}"
    )
