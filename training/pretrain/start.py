"""The model that a run begins with: random, but for the filters of its first convolution.

White noise for filters hears no tones, and to learn them takes most of a short run. So the first
convolution begins as a bank of Gabor filters on the mel scale, after Zeghidour, Teboul, de Chaumont
Quitry and Tagliasacchi: "LEAF: A Learnable Frontend for Audio Classification", ICLR 2021, section
3.1. Here each tap is a weight of its own from then on, as in wav2vec 2.0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from hearbaseline.wav2vec2.checkpoint import build
from hearbaseline.wav2vec2.network import Network
from training.corpus.decode import SAMPLE_RATE

LOWEST, HIGHEST = 50.0, 7600.0
"""Hz, centres of the first and the last band."""

PHASES = 4
"""Filters of a band, a quarter of a period apart: what an activation that passes positive values
leaves of them adds up to about the band's magnitude, whatever the phase of the sound."""

WIDTHS = 2.5
"""Standard deviations of the envelope from its centre to the filter's end."""


def start(config: Mapping[str, Any]) -> Network:
    """The layers of an architecture, with the weights that training starts from.

    Args:
        config: See `build`; Gabor filters are drawn where its `filters` is "gabor".
    """
    network = build(config)
    if config.get("filters") == "gabor":
        first = network.feature_extractor.conv_layers[0].conv
        drawn = gabor(first.out_channels, first.kernel_size[0])
        first.weight = nn.Parameter(drawn[:, None])
    return network


def gabor(n_filters: int, n_taps: int) -> Tensor:
    """Gabor filters, from low to high.

    A band is as wide as the distance to the next, or as the filter's length allows.

    Args:
        n_filters: In all, a multiple of `PHASES`.
        n_taps: Length of each, samples.

    Returns:
        float32, shape (n_filters, n_taps), at most 0.5.
    """
    from librosa import mel_frequencies

    centres = torch.from_numpy(
        mel_frequencies(n_filters // PHASES, fmin=LOWEST, fmax=HIGHEST, htk=True)
    )
    spacing = torch.gradient(centres)[0]
    longest = n_taps / 2 / WIDTHS / SAMPLE_RATE
    deviation = (1 / (math.pi * spacing)).clamp(max=longest)[:, None, None]
    times = (torch.arange(n_taps, dtype=torch.float64) - (n_taps - 1) / 2) / SAMPLE_RATE
    phases = torch.arange(PHASES, dtype=torch.float64)[:, None] * (2 * math.pi / PHASES)
    waves = torch.cos(2 * math.pi * centres[:, None, None] * times + phases)
    envelopes = torch.exp(-0.5 * (times / deviation).square())
    return (0.5 * waves * envelopes).flatten(0, 1).float()
