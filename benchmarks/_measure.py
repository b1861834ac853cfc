"""One of our functions and a peer's in turns, with what each has to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from ._count import least_bytes, operations
from ._machine import limits, wait
from ._tables import Timing

Embed = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Duel:
    """One of our functions next to a peer's that computes the same.

    Attributes:
        name: What is computed.
        peer_name: Whose function the other is.
        model: Ours; has a sample rate, and weights, which must be read.
        hop_ms: Milliseconds from frame to frame.
        ours: From audio (n_sounds, n_samples) to embeddings, sounds first.
        peer: The same.
        cases: Sounds, seconds of each, turns.
    """

    name: str
    peer_name: str
    model: torch.nn.Module
    hop_ms: float
    ours: Embed
    peer: Embed
    cases: tuple[tuple[int, float, int], ...]


@dataclass(frozen=True)
class Row:
    """The outcome of a duel on one case.

    Attributes:
        peer, ours: Milliseconds a frame.
        peer_operations, our_operations: For a frame.
        peer_share, our_share: Of the machine's rate in a large matrix product.
        copy_share: Of its rate in a copy, had ours moved each byte of audio, weights and result
            only once.
        relative_error: Of ours, were the peer's embeddings exact.
    """

    n_sounds: int
    seconds: float
    peer: Timing
    ours: Timing
    peer_operations: float
    our_operations: float
    peer_share: float
    our_share: float
    copy_share: float
    relative_error: float

    @property
    def ratio(self) -> float:
        """How many times as fast ours is: the median over the turns' ratios."""
        return self.peer.over(self.ours)


def noise(duel: Duel, case: tuple[int, float, int], device: str) -> torch.Tensor:
    """The same audio each time, float32, shape (n_sounds, n_samples)."""
    n_sounds, seconds, _ = case
    generator = torch.Generator().manual_seed(0)
    n_samples = int(seconds * int(duel.model.sample_rate))  # type: ignore[arg-type]
    return (torch.rand(n_sounds, n_samples, generator=generator) - 0.5).to(device)


@torch.no_grad()
def fight(duel: Duel, case: tuple[int, float, int], device: str) -> Row:
    """Run both on the same noise, in turns, so that what else the machine does falls on both.

    The limits are measured right after the turns, for the same reason.
    """
    n_sounds, seconds, turns = case
    audio = noise(duel, case, device)
    seen, our_operations = operations(lambda: duel.ours(audio))
    expected, peer_operations = operations(lambda: duel.peer(audio))
    error = float((seen - expected).norm() / expected.norm())
    moved = least_bytes(audio, duel.model, seen)
    del seen, expected
    timed = [(took_ms(duel.peer, audio), took_ms(duel.ours, audio)) for _ in range(turns)]
    most = limits(device)
    frames = n_sounds * (int(1000 * seconds / duel.hop_ms) + 1)
    peer, ours = (Timing(tuple(t / frames for t in side)) for side in zip(*timed, strict=True))
    peer_s, our_s = (frames * side.median / 1000 for side in (peer, ours))
    return Row(
        n_sounds,
        seconds,
        peer,
        ours,
        peer_operations / frames,
        our_operations / frames,
        peer_operations / peer_s / most.matrix,
        our_operations / our_s / most.matrix,
        moved / our_s / most.copy,
        error,
    )


def took_ms(function: Embed, audio: torch.Tensor) -> float:
    """Milliseconds until a call has ended, on a GPU too."""
    wait(audio.device)
    start = time.perf_counter()
    function(audio)
    wait(audio.device)
    return 1000 * (time.perf_counter() - start)
