"""What a lock can be at a store: an object that only one can make, and that has to be kept up.

A store knows no process, so nothing tells it that the one who holds a lock has ended. The holder
writes the object anew now and then; if it stays as it is for long, others take it. So two may hold
it at once where one stood still for that long, and came back; and where a store does not know
"only if nothing is there".
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import OutputError
from .ending import ENDING
from .errors import GoneError, StoreError, ThereError
from .store import store_of
from .url import Url, shown

_STALE_S = 60.0
"""Seconds after which a lock that stays as it is belongs to nobody."""

_RENEWED_S = 10.0
"""Seconds after which its holder writes it anew."""

_LOOK_S = 0.5
"""Seconds between two looks of those who wait."""

_MOST_S = 1800.0
"""Seconds for which a lock is waited for; it is held for as long as parts are written."""


@contextmanager
def held(lock: Url) -> Iterator[None]:
    """A context in which nobody else holds a lock.

    Args:
        lock: The object.

    Raises:
        OutputError: If it cannot be had.
        StoreError: If the store does not answer.
    """
    mine = secrets.token_hex(8)
    _take(lock, mine)
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lock, mine, done), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        with contextlib.suppress(StoreError):
            if _holder(lock) == mine:
                store_of(lock).remove(lock)


def _take(lock: Url, mine: str) -> None:
    store = store_of(lock)
    begun = looked = time.monotonic()
    seen = ""
    while True:
        try:
            store.write(lock, f"{mine} 0".encode(), replace=False)
            return
        except ThereError:
            # A try whose answer was lost may have made it.
            if _holder(lock) == mine:
                return
        state = _contents(lock)
        now = time.monotonic()
        if state != seen:
            seen, looked = state, now
        elif now - looked > _STALE_S:
            with contextlib.suppress(GoneError):
                store.remove(lock)
            continue
        if now - begun > _MOST_S:
            raise OutputError(
                f"{shown(lock)}: another run has held it for {_MOST_S / 60:.0f} min; end that, or "
                "if there is none remove the object"
            )
        if ENDING.wait(_LOOK_S):
            raise OutputError(f"{shown(lock)}: another run holds it")


def _keep(lock: Url, mine: str, done: threading.Event) -> None:
    number = 0
    while not done.wait(_RENEWED_S):
        number += 1
        with contextlib.suppress(StoreError, OutputError):
            store_of(lock).write(lock, f"{mine} {number}".encode())


def _contents(lock: Url) -> str:
    try:
        return store_of(lock).end(lock, 64).decode("utf-8", "replace")
    except GoneError:
        return ""


def _holder(lock: Url) -> str:
    return _contents(lock).partition(" ")[0]
