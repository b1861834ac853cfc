"""Which audio files to embed, and where each result goes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..errors import UsageError
from ..remote.url import Place, Url, is_url, place_of_text, shown
from .found import SUFFIXES, Found, LeftOut
from .remote_search import search_url
from .search import search

__all__ = ["SUFFIXES", "Job", "LeftOut", "collected", "find_jobs"]


@dataclass(frozen=True, slots=True)
class Job:
    """One audio file and its result; small, since there may be millions.

    Attributes:
        given: Path or URL of the audio file, as text.
        folder: The folder for the results, which all jobs share.
        name: The audio file's path below the folder that was named, with `/`.
        state: What its store told of it, see `Facts.state`; "" for a local file, or if the store
            was not asked.
    """

    given: str
    folder: Place
    name: str
    state: str = ""

    @property
    def source(self) -> Place:
        """The audio file."""
        return place_of_text(self.given)

    @property
    def output(self) -> Place:
        """The `.npz` file to write."""
        return self.folder / f"{self.name}.npz"

    @property
    def is_local(self) -> bool:
        """Whether the audio file is on this machine."""
        return not is_url(self.given)

    def seen(self, state: str) -> Job:
        """The job with what its store told of its audio file."""
        return self if self.is_local or state == self.state else replace(self, state=state)

    def n_bytes(self) -> int:
        """Bytes of the audio file, as far as that is known.

        Raises:
            OSError: If it is gone.
        """
        source = self.source
        if isinstance(source, Url):
            return int(self.state.partition(" ")[0] or 0)
        return source.stat().st_size


def find_jobs(inputs: Iterable[Place], out: Place, left_out: LeftOut | None = None) -> list[Job]:
    """The files to embed, folders searched, in a stable order.

    A file below a named folder keeps its place below `out`; a named file goes to the top. The
    suffix stays (`bell.wav.npz`), so that `bell.wav` and `bell.flac` do not meet.

    Args:
        inputs: Files and folders, by path or URL.
        out: The folder for the results.
        left_out: Is told what is not embedded, and why.

    Raises:
        UsageError: If no audio is found, or two inputs would be written to the same place.
    """
    inputs = list(inputs)
    left_out = LeftOut() if left_out is None else left_out
    found = (
        search_url(given, left_out) if isinstance(given, Url) else search(given, left_out)
        for given in inputs
    )
    jobs = collected(itertools.chain.from_iterable(found), out)
    if not jobs:
        raise UsageError(_nothing(inputs, left_out))
    return jobs


def collected(found: Iterable[Found], out: Place) -> list[Job]:
    """A job for each recording, one for each place.

    Args:
        found: Recordings.
        out: The folder for the results.

    Raises:
        UsageError: If two recordings would be written to the same place.
    """
    jobs: dict[str, Job] = {}
    for source, name, state in found:
        given = str(source)
        before = jobs.get(name)
        if before is None:
            jobs[name] = Job(given, out, name, state)
        elif before.given != given and not _is_same(before.given, given):
            raise UsageError(
                f"{shown(before.source)} and {shown(source)} would both be written to "
                f"{shown(before.output)}; name a folder that holds both, or give each an --out of "
                "its own"
            )
    return list(jobs.values())


def _is_same(one: str, other: str) -> bool:
    if is_url(one) or is_url(other):
        return False
    return os.path.realpath(one) == os.path.realpath(other)


def _nothing(inputs: list[Place], left_out: LeftOut) -> str:
    """Why there is nothing to embed."""
    if left_out.troubles:
        more = len(left_out.troubles) - 1
        return left_out.troubles[0] + (f" (and {more} more)" if more else "")
    seen = f"; {left_out}" if left_out.kinds else ""
    return (
        f"no audio found in {', '.join(map(shown, inputs))}{seen}; in a folder, files are taken "
        f"that are called {' '.join(sorted(SUFFIXES))}"
    )
