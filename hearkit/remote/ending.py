"""An interrupt is obeyed though the network fails: threads that wait for it are told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = threading.Event()
"""Set when the user interrupts a run: no request is tried again."""


@contextmanager
def interruptible() -> Iterator[None]:
    """A context, or a decorator, in which an interrupt or a signal sets `ENDING`."""
    ENDING.clear()
    try:
        yield
    except Exception:
        raise
    except BaseException:
        ENDING.set()
        raise
