"""Log-mel spectra around each frame: what the model is to keep of the sound."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.corpus.decode import SAMPLE_RATE

FLOOR = 1e-4
"""Added to the power, of a sound of unit variance: what is 40 dB below it is silence."""

ENVELOPE = 13
"""Bands over which the long window's spectrum is averaged to find its envelope."""

LOWEST = 40.0
"""Hz, where the lowest band begins; the highest ends at half the sample rate."""


class MelSpectrogram(nn.Module):
    """Power in mel bands: triangles between frequencies that are spread evenly in mel.

    Args:
        n_fft: Samples in a frame, under a Hann window of unit energy.
        stride: Samples from frame to frame.
        n_bands: Bands.

    Source: the mel scale of O'Shaughnessy, "Speech Communication", Addison-Wesley 1987, which HTK
    uses too.
    """

    window: Tensor
    bands: Tensor

    def __init__(self, n_fft: int, stride: int, n_bands: int):
        super().__init__()
        self.stride = stride
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        self.register_buffer("bands", mel_bands(n_fft, n_bands), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Shape (n_sounds, n_samples) to (n_sounds, n_frames, n_bands)."""
        n_fft = len(self.window)
        spectrum = torch.stft(
            audio, n_fft, self.stride, window=self.window, center=False, return_complex=True
        )
        power = (spectrum / self.window.square().sum().sqrt()).abs().square()
        # (n_sounds, n_bins, n_frames): bins are summed, so they come last
        return power.mT @ self.bands


def mel_bands(n_fft: int, n_bands: int) -> Tensor:
    """How much of each bin's power each band takes, shape (n_fft / 2 + 1, n_bands)."""
    highest = SAMPLE_RATE / 2
    lowest_mel, highest_mel = (2595 * math.log10(1 + hertz / 700) for hertz in (LOWEST, highest))
    edges = 700 * (10 ** (torch.linspace(lowest_mel, highest_mel, n_bands + 2) / 2595) - 1)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    bins = torch.linspace(0, highest, n_fft // 2 + 1)[:, None]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    return torch.minimum(rising, falling).clamp(min=0)


class Spectra(nn.Module):
    """Log-mel spectra of two windows, both centred where the model's frames are.

    The short one is as long as a frame of the paper's model, and tells the envelope and when it
    changes. The long one, eight periods of 62 Hz, tells the notes of a chord apart; its own
    envelope is taken off, or the partials, which are what it is for, would hardly count.

    Args:
        field: Samples in a frame's receptive field.
        stride: Samples from frame to frame.
    """

    SHORT, LONG = (400, 40), (2048, 128)
    """Samples, and mel bands."""

    size = SHORT[1] + LONG[1]

    mels: Any  # a ModuleList, which does not tell the type of what it holds

    def __init__(self, field: int, stride: int):
        super().__init__()
        self.field = field
        self.mels = nn.ModuleList(
            MelSpectrogram(length, stride, bands) for length, bands in (self.SHORT, self.LONG)
        )
        # Each band counts the same, however much it varies.
        self.spread = nn.BatchNorm1d(self.size, affine=False, track_running_stats=False)

    @torch.no_grad()
    def forward(self, audio: Tensor) -> Tensor:
        """Spectra of a batch.

        Args:
            audio: float32, shape (n_sounds, n_samples), each of zero mean and unit variance.

        Returns:
            float32, shape (n_sounds, n_frames, size), each band of zero mean and unit variance
            over the batch.
        """
        short, long = (self._spectrum(mel, audio) for mel in self.mels)
        envelope = F.avg_pool1d(
            long, ENVELOPE, stride=1, padding=ENVELOPE // 2, count_include_pad=False
        )
        spectra: Tensor = self.spread(torch.cat([short, long - envelope], dim=2).mT)
        return spectra.mT

    def _spectrum(self, mel: MelSpectrogram, audio: Tensor) -> Tensor:
        """Shape (n_sounds, n_frames, n_bands)."""
        beyond = len(mel.window) - self.field
        # Each side mirrored where the window is longer than a frame, cut where it is shorter.
        sides = (beyond // 2, beyond - beyond // 2)
        power: Tensor = mel(F.pad(audio[:, None], sides, "reflect")[:, 0])
        return (power + FLOOR).log()
