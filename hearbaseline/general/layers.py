"""The layers that are learned: pitch salience, local layers every 20 ms, deep ones every 40 ms."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from hearbaseline._packed import Linear, product, usable
from hearbaseline._transformer import EncoderLayer, FeedForward, SelfAttention
from hearbaseline._windows import transform
from hearbaseline.general.spectra import PER_OCTAVE, PITCH_BANDS

HARMONICS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Multiples of a fundamental at which its salience is looked for; the half tells octaves apart."""

ENVELOPE = 25
"""Bands, an octave, whose mean is subtracted to leave the partials."""

NOTES = PITCH_BANDS // 2
"""Semitones from A0 on."""

PITCH_CLASSES = 12
"""Notes of an octave."""


class Salience(nn.Module):
    """Which notes sound in each frame: the same small network for every note.

    On an axis of equal ratios all notes have the same pattern of partials. So the spectrogram is
    moved by each partial's distance, which brings all partials of a note into the note's band, and
    convolutions along the bands weigh them.

    Args:
        n_channels: Between the convolutions.

    Attributes:
        around: The mean of those around each band, as a product; shape (192, 192).

    Source: Bittner, McFee, Salamon, Li and Bello: "Deep Salience Representations for F0 Estimation
    in Polyphonic Music", ISMIR 2017, section 3.
    """

    around: Tensor

    def __init__(self, n_channels: int = 16):
        super().__init__()
        n_in = 2 * len(HARMONICS)
        # Follows from the constants, so that checkpoints need not hold it.
        self.register_buffer("around", surroundings(PITCH_BANDS, ENVELOPE), persistent=False)
        self.first = AlongBands(n_in, n_channels)
        self.second = AlongBands(n_channels, n_channels)
        # Every other band is a semitone.
        self.last = nn.Conv2d(n_channels, 1, (1, 5), stride=(1, 2), padding=(0, 2))

    def forward(self, long: Tensor) -> Tensor:
        """Logits of notes.

        Args:
            long: Spectrogram of the long window, shape (n_frames, 192).

        Returns:
            Shape (n_frames, 96).
        """
        x = self.second(self.first(partials(self.above_surroundings(long), long)))
        logits: Tensor = self.last(x)[:, 0, 0]
        return logits

    def above_surroundings(self, long: Tensor) -> Tensor:
        """How far each band is above the mean of those around it, shape (..., 192), in and out."""
        return long - product(long, self.around)


class AlongBands(nn.Conv2d):
    """A convolution over five bands, and a GELU.

    Of images one row high, with channels side by side: oneDNN has kernels for those that are
    several times as fast as those for sequences.

    Args:
        n_in: Channels.
        n_out: Channels of the output.
    """

    def __init__(self, n_in: int, n_out: int):
        super().__init__(n_in, n_out, (1, 5), padding=(0, 2))

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n_frames, channels, 1, n_bands), in and out."""
        if not usable(x, self.weight):
            return F.gelu(super().forward(x))
        # In one pass over memory, which takes half the time of two.
        geometry = (self.padding, self.stride, self.dilation, self.groups)
        y: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, self.weight, self.bias, *geometry, "gelu", [], "none"
        )
        return y


def partials(above: Tensor, level: Tensor) -> Tensor:
    """What is where each band's partials would be, with silence outside the spectrogram.

    Args:
        above: How far each band is above its surroundings, shape (n_frames, n_bands).
        level: The spectrogram, of the same shape.

    Returns:
        Shape (n_frames, 16, 1, n_bands), channels last in memory: for each of `HARMONICS`, how far
        the partial is above its surroundings, and its level.
    """
    distances = [distance(harmonic) for harmonic in HARMONICS]
    lower, higher = -min(distances), max(distances)
    padded = F.pad(torch.stack([above, level], dim=2), (0, 0, lower, higher))
    # A band's two numbers move as one complex number: half as many moves.
    pairs = torch.view_as_complex(padded)
    places = [lower + each for each in distances]
    rows = [pairs[:, place : place + level.shape[1]] for place in places]
    moved = torch.view_as_real(torch.stack(rows, dim=1).mT.contiguous())
    return moved.flatten(2).mT[:, :, None]


def surroundings(n_bands: int, width: int) -> Tensor:
    """A matrix whose product with bands is the mean of those around each, at the ends of fewer.

    Args:
        n_bands: Of the spectrogram.
        width: Bands of the mean; odd.

    Returns:
        Shape (n_bands, n_bands).
    """
    number = torch.arange(n_bands)
    near = ((number[:, None] - number).abs() <= width // 2).float()
    return near / near.sum(dim=0)


def over_octaves(notes: Tensor) -> Tensor:
    """The largest of each pitch class, from A on, shape (..., 96) to (..., 12)."""
    return notes.view(*notes.shape[:-1], -1, PITCH_CLASSES).amax(dim=-2)


def distance(harmonic: float) -> int:
    """Bands from a fundamental to one of its partials."""
    return round(PER_OCTAVE * torch.log2(torch.tensor(harmonic)).item())


class LocalLayer(nn.Module):
    """A convolution over neighbouring frames, channel by channel, and a feed-forward.

    Args:
        size: Numbers in a frame.
        n_between: Numbers between the two dense layers.
        n_taps: Frames under the convolution; odd.

    Source: Liu et al.: "A ConvNet for the 2020s", CVPR 2022, section 2.6.
    """

    def __init__(self, size: int, n_between: int, n_taps: int):
        super().__init__()
        self.neighbours = Neighbours(size, n_taps)
        self.layer_norm = nn.LayerNorm(size)
        self.feed_forward = FeedForward(size, n_between, 0.0, 0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n_sounds, n_frames, size), in and out."""
        output: Tensor = x + self.feed_forward(self.layer_norm(self.neighbours(x)))
        return output


class Neighbours(nn.Conv1d):
    """A convolution over frames, channel by channel."""

    def __init__(self, size: int, n_taps: int):
        super().__init__(size, size, n_taps, padding=n_taps // 2, groups=size)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n_sounds, n_frames, size), in and out."""
        return super().forward(x.mT).mT


class DeepLayer(nn.Module):
    """A transformer layer that learns where frames are from their neighbours.

    Args:
        size: Numbers in a frame.
        n_heads: Heads of the attention.
        n_between: Numbers between the two dense layers.
        n_taps: Frames under the convolution; odd.

    Source: the convolution is that of Chu et al.: "Conditional Positional Encodings for Vision
    Transformers", ICLR 2023.
    """

    def __init__(self, size: int, n_heads: int, n_between: int, n_taps: int):
        super().__init__()
        self.neighbours = Neighbours(size, n_taps)
        self.layer = EncoderLayer(
            SelfAttention(size, n_heads, 0.0),
            FeedForward(size, n_between, 0.0, 0.0),
            size,
            dropout=0.0,
            layer_norm_first=True,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n_sounds, n_frames, size), in and out."""
        return transform(self.layer, x + self.neighbours(x))


class Convolution(nn.Module):
    """A strided convolution over frames, as a product; frames beyond the ends are zeros.

    Args:
        n_in: Numbers in a frame.
        n_out: Numbers in a frame of the output, which is centred on every `stride`-th of them.
        stride: Frames from output to output.
    """

    def __init__(self, n_in: int, n_out: int, stride: int):
        super().__init__()
        self.stride = stride
        self.dense = Linear(3 * n_in, n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n_sounds, n, n_in) to (n_sounds, ceil(n / stride), n_out)."""
        padded = F.pad(x, (0, 0, 1, 1))
        # (n_sounds, n_out, n_in, 3): each with the frames before and after it
        rows = padded.unfold(1, 3, self.stride)
        y: Tensor = self.dense(rows.transpose(2, 3).flatten(2))
        return y


def doubled(x: Tensor, n_frames: int) -> Tensor:
    """Frames every 40 ms to every 20 ms: those between two are their mean.

    Args:
        x: Shape (n_sounds, ceil(n_frames / 2), size); frame k is centred where frame 2 k of the
            result is.
        n_frames: Of the result. A last one without a successor repeats its predecessor.
    """
    following: Any = torch.cat([x[:, 1:], x[:, -1:]], dim=1)
    between = (x + following) / 2
    return torch.stack([x, between], dim=2).flatten(1, 2)[:, :n_frames]
