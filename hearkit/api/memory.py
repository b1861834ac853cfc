"""The most memory that a worker and its children have during one step."""

from __future__ import annotations

import time

from .. import machine

_CHILDREN_S = 0.5
"""Seconds between two looks at the memory of what the worker started, which take longer."""


class PeakMemory:
    """Looks at the memory of a process from now on.

    Args:
        pid: The process's number.

    Attributes:
        bytes: The highest resident memory seen so far.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._exact = machine.forget_peak(pid)
        self._children = 0
        self._next_s = time.monotonic() + _CHILDREN_S
        self.bytes = 0

    def look(self) -> None:
        """Look at the memory now."""
        if time.monotonic() > self._next_s:
            self._children = machine.resident_bytes_of_children(self._pid)
            self._next_s = time.monotonic() + _CHILDREN_S
        self._note(machine.resident_bytes(self._pid))

    def look_back(self) -> None:
        """Take in what lay between two looks, where the kernel remembers it."""
        known = machine.peak_bytes(self._pid) if self._exact else 0
        self._note(known or machine.resident_bytes(self._pid))

    def _note(self, own: int) -> None:
        self.bytes = max(self.bytes, own + self._children)
