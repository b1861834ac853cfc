"""Seconds and memory of commands and of calls, with those of the processes that they start."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from hearkit import machine

_LOOK_S = 0.05


@dataclass(frozen=True)
class Seconds:
    """What something took.

    Attributes:
        wall: By the clock.
        processor: Of processor time, which other processes disturb less.
    """

    wall: float
    processor: float


@dataclass(frozen=True)
class Memory:
    """The most resident memory that a command took, in bytes.

    Attributes:
        own: Of its own process.
        started: Of that process which took the most of those that it started.
        together: Of all at one moment, what they share counted once.
    """

    own: int
    started: int
    together: int


def memory_of_command(command: Sequence[str]) -> Memory:
    """A command in a fresh process, until it has ended."""
    peaks: dict[int, int] = {}
    together = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            pids = (process.pid, *machine.descendants(process.pid))
            for pid in pids:  # the kernel's own note, which hear-embed has begin anew at each step
                peaks[pid] = max(peaks.get(pid, 0), machine.peak_bytes(pid))
            together = max(together, sum(map(_share, pids)))
            time.sleep(_LOOK_S)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    own = peaks.pop(process.pid, 0)
    return Memory(own, max(peaks.values(), default=0), together)


def _share(pid: int) -> int:
    """A process's memory, of what is shared its part."""
    try:
        return int(psutil.Process(pid).memory_full_info().pss)
    except psutil.Error:
        return 0


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
