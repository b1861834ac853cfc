"""One call in a process of its own: its time, and the memory that it needs at most."""

from __future__ import annotations

import importlib
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import torch

from ._machine import wait
from ._measure import Duel, Embed, noise


@dataclass(frozen=True)
class Alone:
    """What one call took.

    Attributes:
        seconds: Of the call.
        peak_mb: Highest memory during the call, above that before it; of the GPU where it ran
            there.
        output_mb: Size of what it returned.
    """

    seconds: float
    peak_mb: float
    output_mb: float


def alone(name: str, number: int, side: str, case: tuple[int, float, int], device: str) -> Alone:
    """Call one side of a duel once, where nobody else's freed memory is used again.

    Args:
        name: The module of this package.
        number: Which of its duels.
        side: `ours` or `peer`.
        case: Sounds, seconds of each; turns are ignored.
        device: Where to run.
    """
    # Not forked: a forked process inherits a thread pool without its threads, and waits for ever.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_call, name, number, side, case, device).result()


@torch.no_grad()
def _call(name: str, number: int, side: str, case: tuple[int, float, int], device: str) -> Alone:
    duel: Duel = importlib.import_module(f"benchmarks.{name}").duels(device)[number]
    function: Embed = getattr(duel, side)
    function(noise(duel, (1, 1.0, 1), device))
    audio = noise(duel, case, device)
    before = _peak(audio, reset=True)
    start = time.perf_counter()
    result = function(audio)
    wait(device)
    seconds = time.perf_counter() - start
    size = result.numel() * result.element_size()
    return Alone(seconds, (_peak(audio) - before) / 1e6, size / 1e6)


def _peak(audio: torch.Tensor, *, reset: bool = False) -> int:
    """Bytes used at most since the last reset; after one, bytes in use."""
    if audio.is_cuda:
        if reset:
            torch.cuda.reset_peak_memory_stats()
        return torch.cuda.max_memory_allocated()
    if reset:
        # See proc_pid_clear_refs(5); Linux alone has it.
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024
