"""Which audio files to embed, and where each result goes."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError

SUFFIXES = frozenset(
    (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64")
)
"""What is taken for audio inside a folder; a file that is named is always tried."""


@dataclass(frozen=True)
class Job:
    """One audio file and its result.

    Attributes:
        source: The audio file.
        output: The `.npz` file to write.
    """

    source: Path
    output: Path


def find_jobs(inputs: Iterable[Path], out: Path) -> list[Job]:
    """The files to embed, folders searched, in a stable order.

    A file below a named folder keeps its place below `out`; a named file goes to the top. The
    suffix stays (`bell.wav.npz`), so that `bell.wav` and `bell.flac` do not meet.

    Args:
        inputs: Files and folders.
        out: The folder for the results.

    Raises:
        UsageError: If an input does not exist, no audio is found, or two inputs would be
            written to the same place.
    """
    jobs: dict[Path, Job] = {}
    for given in inputs:
        for source, relative in _sources(given):
            output = out / relative.with_name(relative.name + ".npz")
            before = jobs.setdefault(output, Job(source, output))
            if before.source != source and before.source.resolve() != source.resolve():
                raise UsageError(
                    f"{before.source} and {source} would both be written to {output}; name a "
                    "folder that holds both, or give each an --out of its own"
                )
    if not jobs:
        raise UsageError(
            f"no audio found in {', '.join(map(str, inputs))}; known are "
            f"{' '.join(sorted(SUFFIXES))}"
        )
    return list(jobs.values())


def _sources(given: Path) -> Iterable[tuple[Path, Path]]:
    """The audio files of one input, each with its path relative to the results."""
    try:
        mode = given.stat().st_mode
    except OSError as error:
        said = "there is no such file or folder"
        reason = said if isinstance(error, FileNotFoundError) else error.strerror
        raise UsageError(f"{given}: {reason}; AUDIO takes files and folders") from error
    if not stat.S_ISDIR(mode):
        return [(given, Path(given.name))]
    found = sorted(p for p in given.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    return [(path, path.relative_to(given)) for path in found]
