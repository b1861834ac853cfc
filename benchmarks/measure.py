"""Timing in turns, and peak memory in a process of its own."""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import torch

Embed = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Duel:
    """One of our functions beside a peer's that computes the same.

    Attributes:
        name: What is computed.
        peer_name: Whose function the other is.
        sample_rate: Hz.
        hop_ms: Milliseconds from frame to frame.
        ours: From audio (n_sounds, n_samples) to embeddings, sounds first.
        peer: The same.
        cases: Sounds, seconds of each, turns.
    """

    name: str
    peer_name: str
    sample_rate: int
    hop_ms: float
    ours: Embed
    peer: Embed
    cases: tuple[tuple[int, float, int], ...]


@dataclass(frozen=True)
class Timing:
    """Milliseconds a frame of several turns."""

    turns: tuple[float, ...]

    @property
    def median(self) -> float:
        """What to quote."""
        return statistics.median(self.turns)

    def __str__(self) -> str:
        """Median, then least and most."""
        return f"{self.median:.3g} ({min(self.turns):.3g}-{max(self.turns):.3g})"


@dataclass(frozen=True)
class Row:
    """The outcome of a duel on one case."""

    n_sounds: int
    seconds: float
    peer: Timing
    ours: Timing
    relative_error: float

    @property
    def ratio(self) -> float:
        """How many times as fast ours is: the median over the turns' ratios."""
        pairs = zip(self.peer.turns, self.ours.turns, strict=True)
        return statistics.median(peer / ours for peer, ours in pairs)


def noise(duel: Duel, case: tuple[int, float, int], device: str) -> torch.Tensor:
    """The same audio each time, float32, shape (n_sounds, n_samples)."""
    n_sounds, seconds, _ = case
    generator = torch.Generator().manual_seed(0)
    audio = torch.rand(n_sounds, int(seconds * duel.sample_rate), generator=generator) - 0.5
    return audio.to(device)


def fight(duel: Duel, case: tuple[int, float, int], device: str) -> Row:
    """Run both on the same noise, in turns, so that what else the machine does falls on both."""
    n_sounds, seconds, turns = case
    audio = noise(duel, case, device)
    with torch.no_grad():
        seen, expected = duel.ours(audio), duel.peer(audio)
        error = float((seen - expected).norm() / expected.norm())
        frames = n_sounds * (int(1000 * seconds / duel.hop_ms) + 1)
        del seen, expected
        timed = [(_ms(duel.peer, audio), _ms(duel.ours, audio)) for _ in range(turns)]
    peer, ours = zip(*timed, strict=True)
    return Row(
        n_sounds,
        seconds,
        Timing(tuple(t / frames for t in peer)),
        Timing(tuple(t / frames for t in ours)),
        error,
    )


def _ms(function: Embed, audio: torch.Tensor) -> float:
    _wait(audio)
    start = time.perf_counter()
    function(audio)
    _wait(audio)
    return 1000 * (time.perf_counter() - start)


def _wait(audio: torch.Tensor) -> None:
    if audio.is_cuda:
        torch.cuda.synchronize()


@dataclass(frozen=True)
class Alone:
    """One call in a process of its own.

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
    _wait(audio)
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
