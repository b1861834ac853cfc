"""Log-mel spectra around each frame: what the model is to keep of the sound."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.decode import SAMPLE_RATE

FLOOR = 1e-4
"""Added to the power, of a sound of unit variance: what is 40 dB below it is silence."""

ENVELOPE = 13
"""Bands over which the long window's spectrum is averaged to find its envelope."""


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

    def __init__(self, field: int, stride: int):
        super().__init__()
        from torchaudio.transforms import MelSpectrogram

        self.field = field
        self.mels = nn.ModuleList(
            MelSpectrogram(
                SAMPLE_RATE,
                n_fft=length,
                hop_length=stride,
                f_min=40.0,
                n_mels=bands,
                center=False,
                normalized="window",
            )
            for length, bands in (self.SHORT, self.LONG)
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

    def _spectrum(self, mel: Any, audio: Tensor) -> Tensor:
        """Shape (n_sounds, n_frames, n_bands)."""
        beyond = mel.n_fft - self.field
        # Each side mirrored where the window is longer than a frame, cut where it is shorter.
        sides = (beyond // 2, beyond - beyond // 2)
        power: Tensor = mel(F.pad(audio[:, None], sides, "reflect")[:, 0])
        return (power + FLOOR).log().mT
