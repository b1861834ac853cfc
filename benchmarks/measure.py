"""Timing in turns, and peak memory in a process of its own."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

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


def fight(duel: Duel, case: tuple[int, float, int], device: str) -> Row:
    """Run both on the same noise, in turns, so that what else the machine does falls on both."""
    n_sounds, seconds, turns = case
    generator = torch.Generator().manual_seed(0)
    audio = torch.rand(n_sounds, int(seconds * duel.sample_rate), generator=generator) - 0.5
    audio = audio.to(device)
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
class Long:
    """One call on long audio, in a process of its own.

    Attributes:
        seconds: Of the call.
        peak_mb: Highest resident memory during the call, above that before it.
        output_mb: Size of what it returned.
    """

    seconds: float
    peak_mb: float
    output_mb: float


_PROGRAM = """
import importlib, json, sys, time, torch
def status(key):
    with open("/proc/self/status") as file:
        return next(int(l.split()[1]) for l in file if l.startswith(key + ":")) / 1e3
module = importlib.import_module(sys.argv[1])
model = module.load_model()
function = getattr(module, sys.argv[2])
audio = torch.rand(1, int(float(sys.argv[3]) * model.sample_rate)) - 0.5
function(audio[:, : model.sample_rate], model)
before, start = status("VmRSS"), time.perf_counter()
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")
result = function(audio, model)
seconds = time.perf_counter() - start
result = result if isinstance(result, tuple) else (result,)
size = sum(r.numel() * r.element_size() for r in result) / 1e6
print(json.dumps([seconds, status("VmHWM") - before, size]))
"""


def long_call(module: str, function: str, seconds: float) -> Long:
    """Embed one long sound (Linux: peak memory is read from /proc)."""
    command = [sys.executable, "-c", _PROGRAM, module, function, str(seconds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Long(*json.loads(done.stdout))
