"""A folder of parts as `results.Results`: what is there, what is added, what is replaced.

No two rows have the same path. Where a recording was embedded again, its former row is removed just
before the new one is there, under a lock that all runs with this folder take; whatever ends a run
in between leaves a recording without a result, which the next run makes, and none with two.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ... import files
from ...errors import OutputError, UnwritableError
from ...optional import arrow
from ...remote.url import Place, shown
from .. import store
from ..archive import Found
from ..jobs import Job
from ..origin import Origin
from . import rewrite
from .index import Index
from .part import Part
from .places import locked
from .rows import Sizes, made_from_text, text

_PART_BYTES = 512 << 20
"""Bytes of results in a part, about: a terabyte gives two thousand files."""

_PART_ROWS = 100_000

_PART_S = 300.0
"""Seconds after which a part is completed: so much work a killed run loses at most, and one result
more."""


class ParquetParts:
    """Results in Parquet, below a folder.

    Args:
        folder: The folder, which is there, or its URL.
        part_s: Seconds after which a part is completed.
    """

    n_writers = 1

    def __init__(self, folder: Place, part_s: float = _PART_S) -> None:
        arrow("--format parquet")
        self._folder = folder
        self._part_s = part_s
        self._index = Index(folder)
        self._lock = threading.Lock()
        self._part: Part | None = None
        self._renewed: dict[str, Origin] = {}
        # Of the rows in the part that is being written, by `path`.
        self._origins: dict[str, Origin] = {}
        self._names: dict[str, str] = {}
        self._refused: list[tuple[str, UnwritableError]] = []
        self._completed: list[str] = []

    def begin(self, jobs: Iterable[Job]) -> None:  # noqa: ARG002 - all parts count
        """See `results.Results.begin`."""
        if isinstance(self._folder, Path):
            files.sweep(self._folder)
        with self._output_errors(), locked(self._folder):
            self._index.refresh()

    def look(self, job: Job) -> Found:
        """See `results.Results.look`."""
        return Found(self._index.find(text(job.name)))

    def is_whole(self, job: Job, found: Found) -> bool:  # noqa: ARG002
        """See `results.Results.is_whole`; a part is complete, and `read` compares checksums."""
        return True

    def renew(self, job: Job, origin: Origin) -> None:
        """See `results.Results.renew`; noted at the end of the run."""
        self._renewed[text(job.name)] = origin

    def place(self, job: Job) -> Place:
        """See `results.Results.place`."""
        return self._folder / job.name

    def write(self, job: Job, entries: Mapping[str, Any], origin: Origin | None) -> None:
        """See `results.Results.write`; the row is there once its part is complete."""
        name = text(job.name)
        row: dict[str, Any] = {"path": name, **entries}
        for column in ("source", "weights"):
            row[column] = text(row[column])
        if origin is not None:
            made_of = origin.entries()
            row["fingerprint"] = origin.fingerprint
            row["made_from"] = made_from_text(made_of["made_from"])
        with self._lock, self._output_errors():
            self._row_fits(job, origin)
            part = self._part = self._part or self._begun(Sizes.of_entries(entries))
            part.append(row)
            self._names[name] = job.name
            if origin is not None:
                self._origins[name] = origin
            if (
                part.n_bytes >= _PART_BYTES
                or len(part.names) >= _PART_ROWS
                or time.monotonic() - part.begun >= self._part_s
            ):
                self._complete()

    def flush(self) -> None:
        """Complete the part that is being written.

        Raises:
            OutputError: If that fails.
        """
        with self._lock, self._output_errors():
            self._complete()

    def completed(self) -> tuple[list[str], list[tuple[str, UnwritableError]]]:
        """What became of rows since this was last asked.

        Returns:
            Names of the jobs whose rows are in complete parts, and of those whose rows could not be
            kept, with the reasons.
        """
        with self._lock:
            found = self._completed, self._refused
            self._completed, self._refused = [], []
            return found

    def finish(self) -> list[UnwritableError]:
        """See `results.Results.finish`."""
        self.flush()
        with self._lock, self._output_errors():
            if self._renewed:
                with locked(self._folder):
                    self._index.refresh()
                    for path, names in self._index.holding(self._renewed).items():
                        rewrite.renewed(path, {name: self._renewed[name] for name in names})
                    self._index.refresh()
                self._renewed = {}
        return [error for _, error in self.completed()[1]]

    def _row_fits(self, job: Job, origin: Origin | None) -> None:
        """Refuse what may not replace the row that is there."""
        there = self._index.find(text(job.name))
        if origin is not None and there is not None:
            store.refuse_others(self.place(job), Found(there), origin)

    def _begun(self, sizes: Sizes) -> Part:
        """A new part.

        Raises:
            OutputError: If other parts have embeddings of other sizes.
        """
        for path, others in self._index.sizes():
            if others != sizes:
                raise OutputError(
                    f"{shown(path)} has embeddings of {others}, and these have {sizes}: columns "
                    "have one size; choose another --out"
                )
        when = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        return Part(self._folder / f"part-{when}-{secrets.token_hex(4)}.parquet", sizes)

    def _complete(self) -> None:
        """Complete the part, and remove rows that it replaces."""
        part, self._part = self._part, None
        if part is None:
            return
        origins, self._origins = self._origins, {}
        names, self._names = self._names, {}
        try:
            with locked(self._folder):
                self._index.refresh()
                refused = self._others(part, origins)
                for path, old in self._index.holding(names.keys() - refused).items():
                    rewrite.without(path, old)
                part.complete()
                if refused:
                    rewrite.without(part.path, set(refused))
                self._index.refresh()
        except BaseException:
            part.abandon()
            raise
        self._refused += [(names[name], error) for name, error in refused.items()]
        self._completed += [job for name, job in names.items() if name not in refused]

    def _others(self, part: Part, origins: Mapping[str, Origin]) -> dict[str, UnwritableError]:
        """Rows that another run has meanwhile written of other recordings, which stay."""
        refused = {}
        for name in part.names:
            there = self._index.find(name)
            if there is not None and name in origins:
                try:
                    store.refuse_others(self._folder / name, Found(there), origins[name])
                except UnwritableError as error:
                    refused[name] = error
        return refused

    @contextmanager
    def _output_errors(self) -> Iterator[None]:
        """A part that cannot be written ends the run: its rows are not there."""
        pa, _ = arrow("--format parquet")
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            part, self._part = self._part, None
            if part is not None:
                part.abandon()
            reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
            raise OutputError(
                f"{shown(self._folder)}: a part cannot be written ({reason}); complete parts stay. "
                "Make room or choose another --out: the same command resumes from there"
            ) from error
