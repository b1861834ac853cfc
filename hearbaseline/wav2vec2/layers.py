"""The layers of wav2vec 2.0 and HuBERT, as they are trained.

Baevski et al. 2020, section 2: convolutions over the waveform; a projection of their latents; a
convolution that tells positions; a transformer. Names of parameters and arguments, the order in
which weights are drawn and the arithmetic are those of `torchaudio.models.wav2vec2_model`, so
checkpoints go from one to the other; `tests/hearbaseline/wav2vec2/test_layers.py` compares the two
bit by bit. `network` puts them together. Embedding takes a shorter way through the convolutions
(`extractor`) and through long sounds (`windows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import parametrizations

from hearbaseline._packed import Linear
from hearbaseline._transformer import EncoderLayer


class ChannelNorm(nn.LayerNorm):
    """A layer norm over channels, of what has them first."""

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n_sounds, channels, n_frames), in and out."""
        return super().forward(x.mT).mT


class ConvolutionLayer(nn.Module):
    """A convolution of the feature extractor, a norm or none, and GELU."""

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel_size: int,
        stride: int,
        *,
        bias: bool,
        norm: nn.Module | None,
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        self.layer_norm = norm
        self.conv = nn.Conv1d(n_in, n_out, kernel_size, stride, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n_sounds, n_in, n) to (n_sounds, n_out, (n - kernel_size) // stride + 1)."""
        x = self.conv(x)
        if self.layer_norm is not None:
            x = self.layer_norm(x)
        return F.gelu(x)


class FeatureExtractor(nn.Module):
    """Convolutions over the waveform.

    Args:
        mode: "group_norm", which follows the first convolution alone and is one over time for each
            channel, or "layer_norm", which follows each and is one over channels.
        sizes: Channels, taps and stride of each convolution.
        bias: Whether convolutions have biases.
    """

    conv_layers: Any  # a ModuleList, which does not tell the type of what it holds

    def __init__(self, mode: str, sizes: Sequence[Sequence[int]], bias: bool):
        super().__init__()
        if mode not in ("group_norm", "layer_norm"):
            raise ValueError(f"extractor_mode is {mode!r}, not group_norm or layer_norm")
        layers: list[ConvolutionLayer] = []
        n_in = 1
        for n_out, kernel_size, stride in sizes:
            norm: nn.Module | None = None
            if mode == "layer_norm":
                norm = ChannelNorm(n_out)
            elif not layers:
                norm = nn.GroupNorm(n_out, n_out)
            layers.append(ConvolutionLayer(n_in, n_out, kernel_size, stride, bias=bias, norm=norm))
            n_in = n_out
        self.conv_layers = nn.ModuleList(layers)

    def forward(self, audio: Tensor) -> Tensor:
        """Shape (n_sounds, n_samples) to latents (n_sounds, n_frames, channels)."""
        x = audio[:, None]
        for layer in self.conv_layers:
            x = layer(x)
        return x.mT


class FeatureProjection(nn.Module):
    """Latents, normed, to what the transformer takes."""

    def __init__(self, n_in: int, size: int, dropout: float):
        super().__init__()
        self.layer_norm = nn.LayerNorm(n_in)
        self.projection = Linear(n_in, size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, latents: Tensor) -> Tensor:
        """Shape (n_sounds, n_frames, n_in) to (n_sounds, n_frames, size)."""
        projected: Tensor = self.dropout(self.projection(self.layer_norm(latents)))
        return projected


class PositionalConvolution(nn.Module):
    """What is added to each frame to tell where it stands: a wide grouped convolution, and GELU.

    In training its kernel is direction and length, one length for each tap (weight norm, Salimans
    and Kingma 2016).
    """

    def __init__(self, size: int, kernel_size: int, groups: int, weight_norm: bool):
        super().__init__()
        self.kernel_size = kernel_size
        conv = nn.Conv1d(size, size, kernel_size, padding=kernel_size // 2, groups=groups)
        # Only on demand: with the device "meta" this imports PyTorch's compiler, for seconds.
        self.conv = parametrizations.weight_norm(conv, dim=2) if weight_norm else conv

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n_sounds, n_frames, size), in and out."""
        y = self.conv(x.mT)
        if self.kernel_size % 2 == 0:  # its padding makes one frame too many
            y = y[..., :-1]
        return F.gelu(y).mT


class Transformer(nn.Module):
    """Positions, a norm, and the encoder layers.

    Args:
        pos_conv_embed: What tells positions.
        layers: The encoder layers.
        size: Numbers in a frame.
        norm_at_end: Whether the norm comes behind the layers, or before them.
        dropout: Share of the first layer's input that is dropped in training.
        layer_drop: Probability with which training leaves a layer out.
    """

    layers: Any  # a ModuleList, which does not tell the type of what it holds

    def __init__(
        self,
        pos_conv_embed: PositionalConvolution,
        layers: Sequence[EncoderLayer],
        size: int,
        *,
        norm_at_end: bool,
        dropout: float,
        layer_drop: float,
    ):
        super().__init__()
        self.pos_conv_embed = pos_conv_embed
        self.layer_norm = nn.LayerNorm(size)
        self.norm_at_end = norm_at_end
        self.layer_drop = layer_drop
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(layers)

    def prepare(self, x: Tensor) -> Tensor:
        """What enters the first layer, shape (n_sounds, n_frames, size)."""
        x = x + self.pos_conv_embed(x)
        if not self.norm_at_end:
            x = self.layer_norm(x)
        prepared: Tensor = self.dropout(x)
        return prepared

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n_sounds, n_frames, size), in and out."""
        x = self.prepare(x)
        for layer in self.layers:
            if not (self.training and float(torch.rand(1)) <= self.layer_drop):
                x = layer(x)
        if self.norm_at_end:
            x = self.layer_norm(x)
        return x


class Encoder(nn.Module):
    """Projection and transformer."""

    def __init__(self, feature_projection: FeatureProjection, transformer: Transformer):
        super().__init__()
        self.feature_projection = feature_projection
        self.transformer = transformer

    def forward(self, latents: Tensor) -> Tensor:
        """Shape (n_sounds, n_frames, channels) to (n_sounds, n_frames, size)."""
        encoded: Tensor = self.transformer(self.feature_projection(latents))
        return encoded
