"""Filter banks, whose bands take few of a spectrum's bins each.

Neighbouring bands take nearly the same bins. So a few products of some bands with the bins that
they take do what one with all bins does, with a quarter of the operations.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

Groups = list[tuple[slice, slice]]
"""Bins and bands of each product."""


def groups(weights: Tensor, size: int) -> Groups:
    """Neighbouring bands, and the bins from the first to the last that they take.

    Args:
        weights: How much of each bin each band takes, shape (n_bins, n_bands).
        size: Bands in a group.
    """
    found = []
    for first in range(0, weights.shape[1], size):
        bands = slice(first, first + size)
        used = weights[:, bands].any(dim=1).nonzero().flatten().tolist() or [0]
        found.append((slice(used[0], used[-1] + 1), bands))
    return found


def in_bands(power: Tensor, weights: Tensor, grouped: Groups) -> Tensor:
    """`power @ weights`.

    Args:
        power: Of the bins, shape (..., n_bins).
        weights: Shape (n_bins, n_bands).
        grouped: What `groups` made of the weights.

    Returns:
        Shape (..., n_bands).
    """
    parts = [power[..., bins] @ weights[bins, bands] for bins, bands in grouped]
    return torch.cat(parts, dim=-1)


def mel_edges(n_bands: int, highest: float) -> list[float]:
    """Edges of mel bands from 0 Hz, in Hz: evenly spaced below 1000 Hz, in equal ratios above.

    Args:
        n_bands: Each begins at the centre of the one before, and ends at that of the next.
        highest: Where the last one ends, Hz; above 1000.

    Returns:
        n_bands + 2 of them.

    Source: Slaney: "Auditory Toolbox", Interval Research 1998-010, 1998.
    """
    top = 15 + 27 * math.log(highest / 1000) / math.log(6.4)
    mels = [top * k / (n_bands + 1) for k in range(n_bands + 2)]
    return [
        mel * 200 / 3 if mel < 15 else 1000 * math.exp((mel - 15) * math.log(6.4) / 27)
        for mel in mels
    ]
