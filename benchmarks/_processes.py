"""Seconds of commands and of calls, with those of the processes that they start."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Seconds:
    """What something took.

    Attributes:
        wall: By the clock.
        processor: Of processor time, which other processes disturb less.
    """

    wall: float
    processor: float


def of_command(command: Sequence[str]) -> Seconds:
    """A command in a fresh process, until it has ended."""
    return _taken(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), _ended)


def of_call(function: Callable[[], object]) -> Seconds:
    """A call, with what processes that are running already do meanwhile."""
    return _taken(function, _running)


def _taken(function: Callable[[], object], used: Callable[[], float]) -> Seconds:
    before, start = used(), time.perf_counter()
    function()
    return Seconds(time.perf_counter() - start, used() - before)


def _ended() -> float:
    """Processor seconds of all processes that were waited for."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _running() -> float:
    """Processor seconds of this process and of all that it has started and that still run."""
    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return float(sum(time.user + time.system for time in times))
