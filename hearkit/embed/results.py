"""Where results are kept, whatever their format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from .. import files
from ..errors import UnwritableError
from ..remote.url import Place, Url
from . import archive, store
from .jobs import Job
from .origin import Origin


class Results(Protocol):
    """The results of jobs: looked at before a run, written during it, complete at its end.

    Attributes:
        n_writers: How many threads may write at once.
    """

    n_writers: int

    def begin(self, jobs: Iterable[Job]) -> None:
        """Prepare for these jobs; what killed runs left unfinished is removed."""

    def look(self, job: Job) -> archive.Found:
        """What there is of a job."""

    def is_whole(self, job: Job, found: archive.Found) -> bool:
        """Whether the result that `look` has found is as it was written."""

    def renew(self, job: Job, origin: Origin) -> None:
        """Note in a current result the new place and times of its recording."""

    def place(self, job: Job) -> Place:
        """Where a result is, for messages."""

    def write(self, job: Job, entries: Mapping[str, Any], origin: Origin | None) -> None:
        """Write a result.

        Raises:
            OSError: If it cannot be written.
            UnwritableError: If the result of another recording is there, or another file.
            UsageError: If no other result can be written either.
        """

    def finish(self) -> list[UnwritableError]:
        """Complete what was written, at the end of a run, however it ends.

        Returns:
            What was written and could not be kept after all.

        Raises:
            UsageError: If it cannot be completed.
        """


class NpzFiles:
    """A `.npz` file for each recording."""

    n_writers = 1

    def begin(self, jobs: Iterable[Job]) -> None:
        """See `Results.begin`."""
        for folder, inner in {(job.folder, job.name.rpartition("/")[0]) for job in jobs}:
            files.sweep(_here(folder) / inner)

    def look(self, job: Job) -> archive.Found:
        """See `Results.look`."""
        return archive.look(_here(job.output))

    def is_whole(self, job: Job, found: archive.Found) -> bool:
        """See `Results.is_whole`."""
        return archive.is_whole(_here(job.output)) if found.is_whole is None else found.is_whole

    def renew(self, job: Job, origin: Origin) -> None:
        """See `Results.renew`."""
        store.renew(_here(job.output), origin)

    def place(self, job: Job) -> Place:
        """See `Results.place`."""
        return job.output

    def write(self, job: Job, entries: Mapping[str, Any], origin: Origin | None) -> None:
        """See `Results.write`."""
        store.write(_here(job.output), entries, origin)

    def finish(self) -> list[UnwritableError]:
        """See `Results.finish`; each file is complete once it is written."""
        return []


def _here(place: Place) -> Path:
    assert isinstance(place, Path)
    return place


def results_of(kind: str, out: Place) -> Results:
    """Where results of a format are kept.

    Args:
        kind: `npz` or `parquet`.
        out: The folder, or its URL.

    Raises:
        UsageError: If the format or the store needs a package that is not installed.
    """
    if kind == "parquet":
        from .parquet.folder import ParquetParts

        return ParquetParts(out)
    if isinstance(out, Url):
        from .remote_npz import NpzObjects

        return NpzObjects(out)
    return NpzFiles()
