"""The encoder of Whisper: a log-mel spectrogram, two convolutions and a transformer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from hearbaseline._bands import mel_edges
from hearbaseline._packed import convolve
from hearbaseline._transformer import EncoderLayer, FeedForward, SelfAttention

SAMPLE_RATE = 16000

N_FFT, FFT_HOP = 400, 160
"""Samples of the spectrogram's window, 25 ms, and from window to window, 10 ms."""

HOP = 2 * FFT_HOP
"""Samples from frame to frame of the encoder, 20 ms: the second convolution has a stride of 2."""


@dataclass(frozen=True)
class Sizes:
    """What tells Whisper's encoders apart; by default those of `base`.

    Attributes:
        n_mels: Mel bands of the spectrogram; 128 in large-v3.
        size: Numbers in a frame.
        n_heads: Heads of the attention; they share the size out.
        n_layers: Layers of the transformer.
        between: Numbers between the two dense layers of the feed-forward.
        n_positions: Frames of the encoder, 20 ms each; 30 s in all published models.
    """

    n_mels: int = 80
    size: int = 512
    n_heads: int = 8
    n_layers: int = 6
    between: int = 2048
    n_positions: int = 1500


class Spectrogram(nn.Module):
    """Log-mel spectrogram as Whisper was trained with; nothing is learned.

    Source: Radford et al. 2023, section 2.2; the mel scale is that of Slaney, "Auditory Toolbox",
    Interval Research 1998-010, 1998.

    Args:
        n_mels: Mel bands up to 8000 Hz.
    """

    window: Tensor
    bands: Tensor

    def __init__(self, n_mels: int):
        super().__init__()
        # Both follow from the constants, and checkpoints do not hold them.
        self.register_buffer("window", torch.hann_window(N_FFT), persistent=False)
        self.register_buffer("bands", mel_bands(n_mels), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Shape (n_sounds, n_samples) to (n_sounds, n_samples / 160, n_mels), centred on the hops.

        Bands are at most 80 dB below the sound's loudest; 20 dB of power are 0.5.
        """
        spectrum = torch.stft(audio, N_FFT, FFT_HOP, window=self.window, return_complex=True)
        # As Whisper does, without the window around the end.
        spectrum = spectrum[..., :-1].mT
        power = spectrum.real.square() + spectrum.imag.square()
        log = (power @ self.bands).clamp(min=1e-10).log10()
        log = torch.maximum(log, log.amax(dim=(1, 2), keepdim=True) - 8)
        return (log + 4) / 4


def mel_bands(n_mels: int) -> Tensor:
    """Triangular bands on Slaney's mel scale, each with an area of one, as librosa's default.

    Returns:
        float32, shape (201, n_mels): the weight of each bin in each band.
    """
    edges = torch.tensor(mel_edges(n_mels, SAMPLE_RATE / 2), dtype=torch.float64)
    bins = torch.linspace(0, SAMPLE_RATE / 2, N_FFT // 2 + 1, dtype=torch.float64)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    return (torch.minimum(rising, falling).clamp(min=0) * 2 / (high - low)).float()


class WhisperEncoder(nn.Module):
    """Two convolutions over the spectrogram, positions, and the transformer; random weights.

    Source: Radford et al. 2023, section 2.2.

    Args:
        sizes: Of its parts; by default those of `base`.

    Raises:
        ValueError: If the size is no multiple of the heads.
    """

    layers: Any  # a ModuleList, which does not tell the type of what it holds

    def __init__(self, sizes: Sizes | None = None):
        super().__init__()
        self.sizes = sizes = sizes or Sizes()
        self.conv1 = nn.Conv1d(sizes.n_mels, sizes.size, 3, padding=1)
        self.conv2 = nn.Conv1d(sizes.size, sizes.size, 3, stride=2, padding=1)
        # What each frame's place adds to it: sinusoids in published models, which checkpoints hold.
        positions = torch.randn(sizes.n_positions, sizes.size)
        self.positions = nn.Parameter(positions, requires_grad=False)
        self.layers = nn.ModuleList(
            EncoderLayer(
                SelfAttention(sizes.size, sizes.n_heads, 0.0),
                FeedForward(sizes.size, sizes.between, 0.0, 0.0),
                sizes.size,
                dropout=0.0,
                layer_norm_first=True,
            )
            for _ in range(sizes.n_layers)
        )
        self.layer_norm = nn.LayerNorm(sizes.size)

    def prepare(self, spectrogram: Tensor) -> Tensor:
        """What enters the first layer.

        Args:
            spectrogram: Shape (n_sounds, 2 * n_positions, n_mels).

        Returns:
            Shape (n_sounds, n_positions, size).
        """
        frames = [_convolved(self.conv2, _convolved(self.conv1, one)) for one in spectrogram]
        return torch.stack(frames) + self.positions

    def layer(self, number: int, x: Tensor, kept: slice = slice(None)) -> Tensor:
        """The output of a layer; of the last one with the norm that follows it.

        Args:
            number: Counted from 1.
            x: The layer's input, shape (n_sounds, n_positions, size).
            kept: Frames that are wanted; they attend to all.

        Returns:
            Shape (n_sounds, n_kept, size).
        """
        layer: EncoderLayer = self.layers[number - 1]
        attention, y = layer.attention, layer.before_attention(x)
        keys, values = attention.keys_and_values(y)
        attended = attention.attend(attention.queries(y[:, kept]), keys, values)
        out = layer.after_attention(x[:, kept], attended)
        return self.layer_norm(out) if number == self.sizes.n_layers else out


def _convolved(layer: nn.Conv1d, x: Tensor) -> Tensor:
    """A convolution, shape (n, n_in) to (n / stride, n_out), and GELU."""
    padded = F.pad(x, (0, 0, 1, 1))
    return F.gelu(convolve(padded, layer.weight, layer.bias, layer.stride[0]))
