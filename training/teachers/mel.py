"""The mel filter bank that aiSFX was trained with, without the library that made it."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def htk(sample_rate: int, n_fft: int, n_bands: int) -> Tensor:
    """O'Shaughnessy's mel scale, as in HTK; the weights of each band sum to 1.

    Returns:
        Shape (n_bands, n_fft / 2 + 1).
    """
    highest = 2595 * math.log10(1 + sample_rate / 2 / 700)
    mels = torch.linspace(0, highest, n_bands + 2, dtype=torch.float64)
    bands = triangles(700 * (10 ** (mels / 2595) - 1), sample_rate, n_fft)
    return (bands / bands.sum(dim=1, keepdim=True)).float()


def triangles(edges: Tensor, sample_rate: int, n_fft: int) -> Tensor:
    """Bands that rise from one edge to the next and fall to the one after, at most 1."""
    bins = torch.linspace(0, sample_rate / 2, n_fft // 2 + 1, dtype=torch.float64)
    low, centre, high = (edges[k : len(edges) - 2 + k, None] for k in range(3))
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    return torch.minimum(rising, falling).clamp(min=0)
