"""wav2vec 2.0's convolutions, a few frames at a time and channels last: the same function, sooner.

Frames with their channels side by side are what layer norms want, where channels-first frames would
be transposed twice for each, and make a convolution a matrix product: the frames under a kernel are
neighbours in memory (`_packed.convolve`). Few frames stay in the cache from layer to layer.

The group norm of the first layer, which is one over time for each channel, costs nothing: the
layer is linear, so the mean and variance of its outputs follow from those of the few samples
under its kernel, and are folded into kernel and bias. So the statistics of the whole sound are
exact however few frames are computed at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from hearbaseline._frames import equal_parts
from hearbaseline._packed import convolve

CPU_FRAMES, GPU_FRAMES = 64, 4096
"""Frames extracted together, over all sounds. The first layer has 64 times as many of its own:
for 64 they are 8 MB, which the next layer still finds in a CPU's cache. A GPU has memory for
more."""

MOMENTS = 2**16
"""Outputs of the first layer whose moments are summed at once."""


@dataclass(frozen=True)
class Geometry:
    """Which samples a frame sees.

    Attributes:
        field: Samples in a frame's receptive field: 400 in the paper.
        stride: Samples from frame to frame: 320 in the paper.
    """

    field: int
    stride: int

    @classmethod
    def of(cls, convolutions: Iterable[Any]) -> Geometry:
        """What follows from the layers, first to last, each with `kernel_size` and `stride`."""
        field = stride = 1
        for layer in convolutions:
            field += (layer.kernel_size - 1) * stride
            stride *= layer.stride
        return cls(field, stride)

    @property
    def margin(self) -> int:
        """Samples of silence on either side that let a sound begin and end within frames.

        0 where the first frame's centre is less than a stride into the sound without them, as in
        the published models, which are trained so.
        """
        return 0 if self.field < 2 * self.stride else (self.field - self.stride) // 2

    def padding(self, n_samples: int) -> tuple[int, int]:
        """Samples of silence before and after a sound; a sound that fills no frame is centred."""
        lacking = max(self.field - 2 * self.margin - n_samples, 0)
        return self.margin + (lacking + 1) // 2, self.margin + lacking // 2

    def count(self, n_samples: int) -> int:
        """Frames of a sound: those that fit into it with its padding, and at least one."""
        return max(n_samples + 2 * self.margin - self.field, 0) // self.stride + 1

    def timestamps(self, n_samples: int, sample_rate: int) -> Tensor:
        """Centres of the receptive fields.

        Args:
            n_samples: Of the sound.
            sample_rate: Hz.

        Returns:
            Milliseconds, float32, shape (n_frames,), on the CPU; computed in float64.
        """
        frames = torch.arange(self.count(n_samples), dtype=torch.float64)
        first = self.field / 2 - self.padding(n_samples)[0]
        return ((first + frames * self.stride) * (1000 / sample_rate)).float()


class Extractor:
    """The latents of some sounds, any stretch of them at a time.

    Args:
        layers: The feature extractor's convolutions, best arranged by `arrange`.
        sounds: What the first layer takes, shape (n_sounds, n_samples), at least a receptive
            field long.
    """

    def __init__(self, layers: Sequence[Any], sounds: Tensor):
        self.layers = layers
        self.sounds = sounds
        self.geometry = Geometry.of(layers)
        self.folded = _folded(layers[0], sounds)

    def frames(self, begin: int, end: int) -> Tensor:
        """Latents, still to be projected.

        Args:
            begin: First frame.
            end: Frame after the last.

        Returns:
            float32, shape (n_sounds, end - begin, channels).
        """
        n_frames, n_sounds = end - begin, len(self.sounds)
        out = self.sounds.new_empty(n_sounds, n_frames, self.layers[-1].conv.out_channels)
        limit = CPU_FRAMES if self.sounds.device.type == "cpu" else GPU_FRAMES
        # Equal parts: a small last one would cost nearly as much as a whole one.
        size = equal_parts(n_frames, limit)
        rows = max(1, limit // n_frames)
        for sound in range(0, n_sounds, rows):
            sounds = slice(sound, sound + rows)
            for frame in range(0, n_frames, size):
                frames = range(frame, min(frame + size, n_frames))
                out[sounds, frames.start : frames.stop] = self._chunk(
                    sounds, begin + frames.start, len(frames)
                )
        return out

    def _chunk(self, sounds: slice, begin: int, n_frames: int) -> Tensor:
        field, stride = self.geometry.field, self.geometry.stride
        first = begin * stride
        audio = self.sounds[sounds, first : first + (n_frames - 1) * stride + field]
        n_sounds, length = audio.shape
        if n_sounds > 1:
            # Sounds one after another, each filled to whole strides, are one long sound, of
            # which the frames across borders are left out in the end.
            audio = F.pad(audio, (0, -length % stride))
        period = audio.shape[1] // stride
        x = self._first_layer(audio, sounds)
        for layer in self.layers[1:]:
            x = activate(layer, convolve(x, layer.conv.weight, layer.conv.bias, layer.stride))
        channels = x.shape[1]
        # Sounds begin every `period` frames, of which the first n_frames are theirs alone.
        return x.as_strided((n_sounds, n_frames, channels), (period * channels, channels, 1))

    def _first_layer(self, audio: Tensor, sounds: slice) -> Tensor:
        """Its outputs for all sounds one after another, shape (n, channels)."""
        layer = self.layers[0]
        extent, stride = layer.kernel_size, layer.stride
        flat = F.pad(audio.reshape(-1), (0, extent - stride))
        if self.folded:
            kernels, biases = self.folded
            taps = flat.unfold(0, extent, stride).reshape(len(audio), -1, extent)
            x = torch.baddbmm(biases[sounds, None], taps, kernels[sounds]).flatten(0, 1)
        else:
            x = convolve(flat[:, None], layer.conv.weight, layer.conv.bias, stride)
        return activate(layer, x)


def activate(layer: Any, x: Tensor) -> Tensor:
    """A layer's norm, if it is one over channels, and GELU in place; shape (n, channels)."""
    if isinstance(layer.layer_norm, torch.nn.LayerNorm):
        norm = layer.layer_norm
        x = F.layer_norm(x, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
    return torch.ops.aten.gelu_(x)  # type: ignore[no-any-return]


def arrange(layers: Iterable[Any]) -> None:
    """Put kernels into memory tap by tap, as `convolve` reads them; shapes and values stay."""
    for layer in layers:
        weight = layer.conv.weight
        weight.data = weight.data.mT.contiguous().mT


def _folded(layer: Any, sounds: Tensor) -> tuple[Tensor, Tensor] | None:
    """The first layer's kernels and biases for each sound, if a group norm follows.

    Returns:
        Shapes (n_sounds, kernel, n_out) and (n_sounds, n_out).
    """
    norm = layer.layer_norm
    if not isinstance(norm, torch.nn.GroupNorm):
        return None
    mean, covariance = _moments(sounds, layer.kernel_size, layer.stride)
    # The norm takes away whatever bias the convolution adds.
    weight = layer.conv.weight[:, 0].double().T
    variance = ((covariance @ weight) * weight).sum(dim=1)
    scale = norm.weight.double() / (variance.clamp(min=0) + norm.eps).sqrt()
    shift = norm.bias.double() - (mean @ weight) * scale
    return (weight * scale[:, None]).float(), shift.float()


def _moments(sounds: Tensor, extent: int, stride: int) -> tuple[Tensor, Tensor]:
    """Mean and covariance of the samples under a kernel, over all its places in each sound.

    Returns:
        float64, shapes (n_sounds, extent) and (n_sounds, extent, extent). In float32, low notes
        would leave nothing of the variance of filters that hear high ones.
    """
    taps = sounds.unfold(1, extent, stride)
    total = sounds.new_zeros(len(sounds), extent, dtype=torch.float64)
    products = sounds.new_zeros(len(sounds), extent, extent, dtype=torch.float64)
    for some in torch.split(taps, max(1, MOMENTS // len(sounds)), dim=1):
        wide = some.double()
        total += wide.sum(dim=1)
        products += wide.mT @ wide
    mean = total / taps.shape[1]
    return mean, products / taps.shape[1] - mean[:, :, None] * mean[:, None, :]
