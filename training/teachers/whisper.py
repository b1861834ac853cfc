"""Whisper's encoder as a teacher: the output of two of its layers, every 20 ms.

Radford, Kim, Xu, Brockman, McLeavey and Sutskever: "Robust Speech Recognition via Large-Scale Weak
Supervision", ICML 2023, section 2.2. The weights are those of `base`, in CTranslate2's format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.teachers.mel import slaney

SECONDS = 30
"""Of audio that the encoder takes at once."""

N_FRAMES = 1500
"""Of its output, each 20 ms, centred on the multiples of 20 ms."""

N_FFT, HOP, BANDS = 400, 160, 80


class Encoder(nn.Module):
    """The encoder, from audio to the outputs of its layers.

    Args:
        variables: Tensors by CTranslate2's names, below "encoder/". Each 64 numbers have a head.
    """

    def __init__(self, variables: Mapping[str, Tensor]):
        super().__init__()
        for name, tensor in variables.items():
            if tensor.is_floating_point():
                self.register_buffer(name.replace("/", "_"), tensor)
        self.size = len(variables["conv1/weight"])
        self.n_heads = self.size // 64
        self.n_layers = sum(name.endswith("ffn/linear_0/weight") for name in variables)
        self.register_buffer("window", torch.hann_window(N_FFT))
        self.register_buffer("bands", slaney(16000, N_FFT, BANDS))

    def spectrogram(self, audio: Tensor) -> Tensor:
        """Log-mel spectrogram as Whisper wants it, shape (n_sounds, 80, n_samples / 160)."""
        window: Tensor = self.get_buffer("window")
        spectrum = torch.stft(audio, N_FFT, HOP, window=window, return_complex=True)
        power = spectrum[..., :-1].abs().square()
        log = (self.get_buffer("bands") @ power).clamp(min=1e-10).log10()
        log = torch.maximum(log, log.amax(dim=(1, 2), keepdim=True) - 8)
        return (log + 4) / 4

    @torch.no_grad()
    def forward(self, audio: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """Outputs of layers, counted from 1; the last with the norm that follows it.

        Args:
            audio: float32, shape (n_sounds, 480000), at 16000 Hz.
            layers: Which, in ascending order.

        Returns:
            For each a tensor of shape (n_sounds, 1500, size).
        """
        x = F.gelu(self._convolution("conv1", self.spectrogram(audio), 1))
        x = F.gelu(self._convolution("conv2", x, 2)).mT
        x = x + self.get_buffer("position_encodings_encodings")[: x.shape[1]]
        outputs = []
        for number in range(1, layers[-1] + 1):
            x = self._layer(f"layer_{number - 1}", x)
            if number in layers:
                outputs.append(self._norm("layer_norm", x) if number == self.n_layers else x)
        return outputs

    def _layer(self, name: str, x: Tensor) -> Tensor:
        """Attention and feed-forward, each after a norm and with a shortcut."""
        attention = f"{name}_self_attention"
        # (n_sounds, n_frames, 3 * size): queries, keys and values side by side
        three = self._dense(f"{attention}_linear_0", self._norm(f"{attention}_layer_norm", x))
        queries, keys, values = (
            part.view(*x.shape[:2], self.n_heads, -1).transpose(1, 2)
            for part in three.chunk(3, dim=2)
        )
        attended = F.scaled_dot_product_attention(queries, keys, values)
        x = x + self._dense(f"{attention}_linear_1", attended.transpose(1, 2).flatten(2))
        y = self._dense(f"{name}_ffn_linear_0", self._norm(f"{name}_ffn_layer_norm", x))
        return x + self._dense(f"{name}_ffn_linear_1", F.gelu(y))

    def _convolution(self, name: str, x: Tensor, stride: int) -> Tensor:
        weight, bias = (self.get_buffer(f"{name}_{what}") for what in ("weight", "bias"))
        return F.conv1d(x, weight, bias, stride, padding=1)

    def _dense(self, name: str, x: Tensor) -> Tensor:
        return F.linear(x, self.get_buffer(f"{name}_weight"), self.get_buffer(f"{name}_bias"))

    def _norm(self, name: str, x: Tensor) -> Tensor:
        gamma, beta = (self.get_buffer(f"{name}_{what}") for what in ("gamma", "beta"))
        return F.layer_norm(x, (self.size,), gamma, beta, 1e-5)
