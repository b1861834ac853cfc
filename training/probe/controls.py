"""Controls: embeddings in which nothing was learned, which a trained one has to beat.

Log compression and pooling alone give much of what is called learned. So the general baseline's
own front end is probed without its network, and with convolutions that were never trained.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hearbaseline.general.spectra import MEL_BANDS, SAMPLE_RATE, Spectra

__all__ = ["SAMPLE_RATE", "log_mel_statistics", "random_convolutions"]

CHANNELS = (256, 512)
"""Of the two convolutions; the second has every other frame."""

Embed = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From a clip of shape (n_samples,) at 16000 Hz to a vector."""


def log_mel_statistics() -> Embed:
    """Mean and deviation over time of the short window's 80 bands: 160 numbers."""
    spectra = Spectra()

    def embed(clip: NDArray[np.float32]) -> NDArray[np.float32]:
        short, _ = spectra(torch.from_numpy(clip)[None])
        return statistics(short)

    return embed


def random_convolutions(seed: int) -> Embed:
    """Two convolutions over the short window's bands, with random weights: 1024 numbers.

    Args:
        seed: Of the weights, which are drawn so that the size of activations stays (He et al.,
            "Delving Deep into Rectifiers", ICCV 2015).
    """
    spectra = Spectra()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first = nn.Conv1d(MEL_BANDS, CHANNELS[0], 3, padding=1)
        second = nn.Conv1d(CHANNELS[0], CHANNELS[1], 3, stride=2, padding=1)
        for layer in (first, second):
            nn.init.kaiming_normal_(layer.weight)
    layers = nn.Sequential(first, nn.GELU(), second, nn.GELU())

    @torch.no_grad()
    def embed(clip: NDArray[np.float32]) -> NDArray[np.float32]:
        short, _ = spectra(torch.from_numpy(clip)[None])
        return statistics(layers(short.mT).mT)

    return embed


def statistics(frames: Tensor) -> NDArray[np.float32]:
    """Mean and standard deviation over time, shape (1, n_frames, size) to (2 * size,)."""
    moments = [frames.mean(dim=1), frames.std(dim=1, correction=0)]
    described: NDArray[np.float32] = torch.cat(moments, dim=1)[0].numpy()
    return described
