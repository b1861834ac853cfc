"""What this machine can do at most, and what it is."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from hearbaseline._packed import product

_SIDE = {"cpu": 2048, "cuda": 8192}
"""Of the square matrices: large enough that fetching them costs nothing next to multiplying."""

_COPIED = {"cpu": 64 << 20, "cuda": 1 << 28}
"""Numbers copied: far more than any cache holds."""

_TRIES = 7


@dataclass(frozen=True)
class Limits:
    """What bounds any computation in float32, measured with the threads that it has.

    Attributes:
        matrix: Operations a second in a large matrix product.
        copy: Bytes a second, read and written, in a copy.
    """

    matrix: float
    copy: float


def limits(device: str) -> Limits:
    """The best of a few tries: a limit is what the machine does when nothing disturbs it."""
    kind = torch.device(device).type
    side, n = _SIDE[kind], _COPIED[kind]
    a, b, out = (torch.full((side, side), 0.5, device=device) for _ in range(3))
    # Two libraries compute products on a CPU.
    seconds = min(
        _least_s(lambda: torch.mm(a, b, out=out), device), _least_s(lambda: product(a, b), device)
    )
    matrix = 2 * side**3 / seconds
    source, target = torch.zeros(n, device=device), torch.zeros(n, device=device)
    copy = 2 * 4 * n / _least_s(lambda: target.copy_(source), device)
    return Limits(matrix, copy)


def _least_s(function: Callable[[], object], device: str) -> float:
    seconds = []
    for _ in range(_TRIES):
        wait(device)
        start = time.perf_counter()
        function()
        wait(device)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def wait(device: str | torch.device) -> None:
    """Until a GPU has done what it was asked to; a CPU has."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


def describe(device: str) -> dict[str, str | int | float]:
    """What must be known to compare figures with another run's."""
    return {
        "processor": torch.cuda.get_device_name(device) if device != "cpu" else _processor(),
        "cores": os.cpu_count() or 0,
        "threads": torch.get_num_threads(),
        "load before the run": round(os.getloadavg()[0], 1),
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "device": device,
        "commit": _commit(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    """The checkout's, with a + where files differ from it; "" outside of one."""
    command = ["git", "describe", "--always", "--exclude=*", "--dirty=+"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip()
