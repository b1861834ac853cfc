"""Files written at a place: atomically here, and as one object there."""

from __future__ import annotations

import contextlib
import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from ..errors import OutputError, UsageError
from ..files import written_atomically as written_here
from .errors import GoneError, StoreError
from .nameless import path_of
from .store import store_of
from .url import Place, Url, shown

OBJECT_STORES = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oci", "oss", "memory")
"""Schemes of stores whose objects are there as a whole, or not."""

_PROBE = ".hear-probe"
"""An empty object by which it is tried whether there can be any."""


@contextmanager
def written(place: Place, *, replace: bool = True) -> Iterator[IO[Any]]:
    """An open file for bytes that takes a place at the end of the context.

    What goes to a store is gathered in a nameless file on this machine, so that it takes no memory.
    A store shows an object once it is there as a whole. Where the context raises, what stood there
    stays.

    Args:
        place: Where it is to be.
        replace: Whether what stands there is replaced.

    Raises:
        OSError: If it cannot be written, or something stands there that is not to be replaced.
        OutputError: If there is no room on this machine for what goes to a store.
    """
    if not isinstance(place, Url):
        with written_here(place, replace=replace) as file:
            yield file
        return
    with tempfile.TemporaryFile() as gathered:
        try:
            yield gathered
            gathered.flush()
        except OSError as error:
            if error.errno != errno.ENOSPC or isinstance(error, StoreError):
                raise
            raise OutputError(
                f"{shown(place)}: cannot be gathered in {tempfile.gettempdir()} "
                f"({error.strerror}); make room, or set TMPDIR to a folder that has it: the same "
                "command resumes from there"
            ) from error
        store_of(place).upload(place, path_of(gathered), replace=replace)


def check_writable(folder: Url) -> None:
    """Prove that objects can be written below a URL, before anything is computed.

    Raises:
        UsageError: If they cannot.
    """
    probe = folder / _PROBE
    if folder.scheme not in OBJECT_STORES:
        raise UsageError(
            f"{shown(folder)}: results need a store that shows an object once it is whole, and of "
            f"{folder.scheme}:// that is not known; take s3://, gs://, abfs://, oci:// or oss://, or "
            "mount it and give the folder"
        )
    try:
        store = store_of(folder)
        store.write(probe, b"")
    except StoreError as error:
        raise UsageError(
            f"{shown(folder)}: cannot be written ({error.reason}); choose another --out"
        ) from error
    # Who may write may not always remove; then one empty object stays.
    with contextlib.suppress(StoreError):
        store.remove(probe)


def remove(place: Place) -> None:
    """Remove a file or an object, if it is there.

    Raises:
        OSError: If that fails.
    """
    if isinstance(place, Url):
        with contextlib.suppress(GoneError):
            store_of(place).remove(place)
    else:
        place.unlink()
