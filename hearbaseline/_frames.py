"""Frames at exact hops: where they start, what they are centred on, and a few at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import torch
from torch.nn import functional as F  # noqa: N812


@dataclass(frozen=True)
class Framing:
    """Frames of a window's length, centred on the multiples of a hop.

    The audio is thought of as zero-padded by half a window at both ends. Frame k starts at
    sample round(k * hop), halves up, of the padded audio, with the hop as an exact fraction:
    rounding the hop itself would let timestamps and audio drift apart (25 ms at 44100 Hz are
    1102.5 samples; over 20 minutes half a second is lost).

    Attributes:
        window: Samples in a frame; even.
        hop_ms: Milliseconds from frame to frame.
        sample_rate: Hz.
    """

    window: int
    hop_ms: float
    sample_rate: int

    @cached_property
    def hop(self) -> Fraction:
        """Samples from frame to frame."""
        return Fraction(self.hop_ms) * self.sample_rate / 1000

    def start(self, frame: int) -> int:
        """The first sample of a frame in the padded audio; its centre in the audio itself."""
        return (2 * frame * self.hop.numerator + self.hop.denominator) // (2 * self.hop.denominator)

    def count(self, n_samples: int) -> int:
        """How many frames have their centre within the audio."""
        return int(n_samples / self.hop) + 1

    def timestamps(self, n_sounds: int, n_samples: int, device: torch.device) -> torch.Tensor:
        """The centres of all frames.

        Args:
            n_sounds: Sounds in the batch.
            n_samples: Samples in each of them.
            device: Where the result is wanted.

        Returns:
            Milliseconds as float32, shape (n_sounds, n_frames).
        """
        return multiples(self.hop_ms, self.count(n_samples), device).repeat(n_sounds, 1)

    def chunks(self, audio: torch.Tensor, size: int) -> Iterator[tuple[slice, slice, torch.Tensor]]:
        """All frames of a batch, about `size` at a time, so that memory stays bounded.

        Args:
            audio: Shape (n_sounds, n_samples).
            size: Frames in a chunk, over all its sounds.

        Yields:
            Which sounds, which frames, and those frames: (sounds, frames, window). They may be
            views of the audio and must not be written to.
        """
        n_frames = self.count(audio.shape[1])
        rows = max(1, size // n_frames)
        for first in range(0, len(audio), rows):
            sounds = slice(first, min(first + rows, len(audio)))
            for begin in range(0, n_frames, size):
                frames = slice(begin, min(begin + size, n_frames))
                yield sounds, frames, self._cut(audio[sounds], frames)

    def _cut(self, audio: torch.Tensor, frames: slice) -> torch.Tensor:
        """Frames of a batch, shape (n_sounds, n_frames, window)."""
        begin = self.start(frames.start) - self.window // 2
        end = self.start(frames.stop - 1) + self.window // 2
        stretch = audio[:, max(begin, 0) : max(end, 0)]
        padding = (max(-begin, 0), max(end - audio.shape[1], 0))
        if any(padding):
            stretch = F.pad(stretch, padding)
        if self.hop.denominator == 1:
            return stretch.unfold(1, self.window, int(self.hop))
        starts = [
            self.start(k) - self.start(frames.start) for k in range(frames.start, frames.stop)
        ]
        first = torch.tensor(starts, device=audio.device)
        return stretch[:, first[:, None] + torch.arange(self.window, device=audio.device)]


def multiples(hop_ms: float, n_frames: int, device: torch.device) -> torch.Tensor:
    """The centres of frames that are centred on the multiples of a hop.

    Args:
        hop_ms: Milliseconds from frame to frame.
        n_frames: How many.
        device: Where the result is wanted.

    Returns:
        Milliseconds as float32, shape (n_frames,). Computed in float64: float32 would accumulate
        an error of 0.1 ms within minutes.
    """
    # Made on the CPU, since not all devices have float64.
    frames = torch.arange(n_frames, dtype=torch.float64)
    return (frames * hop_ms).float().to(device)


def few_at_once(audio: torch.Tensor, n_frames: int, on_cpu: int, on_gpu: int) -> list[slice]:
    """Which sounds to embed together, so that memory stays bounded when they are many.

    Args:
        audio: Shape (n_sounds, n_samples).
        n_frames: That each sound takes.
        on_cpu: Frames at once on a CPU, at most, unless one sound has more.
        on_gpu: Likewise elsewhere.
    """
    limit = on_cpu if audio.device.type == "cpu" else on_gpu
    rows = max(1, limit // n_frames)
    return [slice(first, first + rows) for first in range(0, len(audio), rows)]


def equal_parts(total: int, most: int) -> int:
    """The size of the fewest equal parts that hold at most so many each."""
    return math.ceil(total / math.ceil(total / most))
