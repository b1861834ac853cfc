"""From the frames of a sound to one embedding: what it is like, and how it varies.

Only the stretch between the first and the last frame that is not silence counts: else a drum's hit
in a longer file is mostly silence, and its embedding tells how long the file is.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SILENCE = 0.5
"""Mean over the bands of a frame, below the loudest frame's by this much, that counts as silence:
40 dB on the spectrograms' scale."""


@dataclass(frozen=True)
class Stretch:
    """Where each sound is not silent.

    Attributes:
        first, last: Frames every 10 ms, shape (n_sounds,).
    """

    first: Tensor
    last: Tensor

    @classmethod
    def of(cls, short: Tensor) -> Stretch:
        """From the spectrogram of the short window, shape (n_sounds, n_short, n_bands)."""
        level = short.mean(dim=2)
        is_loud = level >= level.amax(dim=1, keepdim=True) - SILENCE
        first = is_loud.byte().argmax(dim=1)
        last = is_loud.shape[1] - 1 - is_loud.flip(1).byte().argmax(dim=1)
        return cls(first, last)

    def weights(self, n_frames: int, step: int) -> Tensor:
        """How much each of a sound's frames counts; they sum to 1.

        Args:
            n_frames: Of the sound.
            step: Frames every 10 ms from frame to frame.

        Returns:
            Shape (n_sounds, n_frames, 1). A stretch that lies between two frames is the nearest.
        """
        number = torch.arange(n_frames, device=self.first.device)
        begin = (self.first / step).ceil().long()
        end = self.last // step
        middle = ((self.first + self.last) / 2 / step).round().long().clamp(max=n_frames - 1)
        is_between = begin > end
        begin = torch.where(is_between, middle, begin)[:, None]
        end = torch.where(is_between, middle, end)[:, None]
        inside = ((number >= begin) & (number <= end)).float()
        return (inside / inside.sum(dim=1, keepdim=True))[:, :, None]


def average(frames: Tensor, weights: Tensor) -> Tensor:
    """Mean over time, shape (n_sounds, size); see `moments`."""
    return (frames * weights).sum(dim=1)


def moments(frames: Tensor, weights: Tensor) -> list[Tensor]:
    """Mean and standard deviation over time.

    Args:
        frames: Shape (n_sounds, n_frames, size).
        weights: Shape (n_sounds, n_frames, 1).

    Returns:
        Two of shape (n_sounds, size).
    """
    mean = average(frames, weights)
    # In two passes: a difference of squares would leave nothing of what hardly varies.
    variance = average((frames - mean[:, None]).square(), weights)
    return [mean, variance.sqrt()]


def change(frames: Tensor, weights: Tensor) -> Tensor:
    """Mean absolute difference from each frame to the next; 0 where there is one frame only.

    Args:
        frames: Shape (n_sounds, n_frames, size).
        weights: Shape (n_sounds, n_frames, 1); what has none is left out.

    Returns:
        Shape (n_sounds, size).
    """
    inside = ((weights[:, 1:] > 0) & (weights[:, :-1] > 0)).to(frames.dtype)
    total = (frames.diff(dim=1).abs() * inside).sum(dim=1)
    return total / inside.sum(dim=1).clamp(min=1)


def largest(frames: Tensor, weights: Tensor) -> Tensor:
    """Maximum over the frames that have a weight, shape (n_sounds, size)."""
    return frames.masked_fill(weights == 0, -torch.inf).amax(dim=1)
