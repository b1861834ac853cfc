"""The most memory that a worker and its children have during one step."""

from __future__ import annotations

import time

from .. import machine

_OTHERS_S = 0.5
"""Seconds between two looks at the memory of what the worker started, which take longer."""


class PeakMemory:
    """Looks at the memory of a process, and of all that it started.

    Args:
        pid: The process's number.
        guard: The number of the process above it, which has its orphans; 0 if there is none.

    Attributes:
        bytes: The highest resident memory seen in this step.
    """

    def __init__(self, pid: int, guard: int = 0) -> None:
        self._pid = pid
        self._guard = guard
        self._exact = False
        self._others = 0
        self._next_s = 0.0
        self.bytes = 0

    def begin(self) -> None:
        """Begin a step; what others had at the last look still counts until the next one."""
        self._exact = machine.forget_peak(self._pid)
        self.bytes = 0

    def look(self) -> None:
        """Look at the memory now."""
        self._look_at_others()
        self._note(machine.resident_bytes(self._pid))

    def look_back(self) -> None:
        """Take in what lay between two looks, where the kernel remembers it."""
        self._look_at_others()
        known = machine.peak_bytes(self._pid) if self._exact else 0
        self._note(known or machine.resident_bytes(self._pid))

    def _look_at_others(self) -> None:
        if time.monotonic() < self._next_s:
            return
        others = (n for n in machine.descendants(self._guard or self._pid) if n != self._pid)
        self._others = sum(map(machine.resident_bytes, others))
        self._next_s = time.monotonic() + _OTHERS_S

    def _note(self, own: int) -> None:
        self.bytes = max(self.bytes, own + self._others)
