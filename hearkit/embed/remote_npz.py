"""Results as `.npz` objects at a URL: one for each recording, each written in one piece."""

from __future__ import annotations

import contextlib
import errno
import io
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import OutputError, UnwritableError
from ..remote.atomic import written
from ..remote.errors import DeniedError, GoneError, StoreError, ThereError, UnreachableError
from ..remote.store import store_of
from ..remote.url import Url, shown
from . import archive, store
from .jobs import Job
from .origin import Origin

_IN_MEMORY_BYTES = 32 << 20
"""Results up to this are sent from memory; a larger one is gathered in a file first."""


class NpzObjects:
    """A `.npz` object for each recording.

    Args:
        folder: The URL that they are below.
    """

    n_writers = 8

    def __init__(self, folder: Url) -> None:
        self._store = store_of(folder)

    def begin(self, jobs: Iterable[Job]) -> None:
        """See `Results.begin`; of what was not written whole, nothing is there."""

    def look(self, job: Job) -> archive.Found:
        """See `Results.look`."""
        return self._look(self.place(job))

    def is_whole(self, job: Job, found: archive.Found) -> bool:  # noqa: ARG002
        """See `Results.is_whole`; an object is, unless its contents were damaged before."""
        return found.is_whole is not False

    def renew(self, job: Job, origin: Origin) -> None:
        """See `Results.renew`."""
        with contextlib.suppress(StoreError, OSError, ValueError):
            entries = store.read(str(self.place(job)))
            if str(entries.get("fingerprint")) == origin.fingerprint:
                self._put(self.place(job), entries | origin.entries(), replace=True)

    def place(self, job: Job) -> Url:
        """See `Results.place`."""
        assert isinstance(job.output, Url)
        return job.output

    def write(self, job: Job, entries: Mapping[str, Any], origin: Origin | None) -> None:
        """See `Results.write`."""
        url = self.place(job)
        arrays: dict[str, Any] = {name: np.asarray(value) for name, value in entries.items()}
        if origin is not None:
            arrays |= origin.entries()
        try:
            # Most often nothing is there, and where something is the store says so.
            if origin is not None:
                with contextlib.suppress(ThereError):
                    self._put(url, arrays, replace=False)
                    return
                store.refuse_others(url, self._look(url), origin)
            self._put(url, arrays, replace=True)
        except (DeniedError, UnreachableError) as error:
            raise OutputError(
                f"{shown(url)}: cannot be written ({error.reason}); the results before it stay, "
                "and the same command resumes from there"
            ) from error
        except StoreError as error:
            raise UnwritableError(f"{shown(url)}: cannot be written ({error.reason})") from error

    def finish(self) -> list[UnwritableError]:
        """See `Results.finish`; each object is complete once it is written."""
        return []

    def _look(self, url: Url) -> archive.Found:
        def end(n_bytes: int) -> bytes:
            return self._store.end(url, n_bytes)

        def begin(n_bytes: int) -> bytes:
            return self._store.part(url, 0, n_bytes)

        try:
            return archive.look_at_end(end, begin)
        except GoneError:
            return archive.Found()
        except StoreError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EINVAL:
                return archive.Found()  # an empty object has no end
            return archive.Found(foreign=f"cannot be read ({error.reason})")

    def _put(self, url: Url, arrays: dict[str, Any], *, replace: bool) -> None:
        if sum(array.nbytes for array in arrays.values()) <= _IN_MEMORY_BYTES:
            whole = io.BytesIO()
            np.savez(whole, **arrays)
            self._store.write(url, whole.getvalue(), replace=replace)
            return
        with written(url, replace=replace) as file:
            np.savez(file, **arrays)
