"""The network: from two spectrograms of a sound to what each of its frames is like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from hearbaseline._packed import Linear
from hearbaseline.general.layers import (
    NOTES,
    Convolution,
    DeepLayer,
    LocalLayer,
    Salience,
    doubled,
)
from hearbaseline.general.spectra import MEL_BANDS, PITCH_BANDS, chunks

LOCAL_TAPS, DEEP_TAPS = 7, 9
"""Frames under the convolutions of the layers: 140 ms and 360 ms."""

HEAD = 64
"""Numbers in a head of the attention."""

SALIENCE_FRAMES = 2048
"""Frames whose salience is computed at once: 75 MB."""


@dataclass(frozen=True)
class Sizes:
    """Numbers in a frame, from layer to layer.

    Attributes:
        first: After the first convolution, every 10 ms.
        local: Of the local layers, every 20 ms.
        deep: Of the transformer, every 40 ms; a multiple of `HEAD`.
        n_local: Local layers.
        n_deep: Layers of the transformer.
        local_between, deep_between: Between the dense layers of each.
    """

    first: int = 192
    local: int = 256
    deep: int = 384
    n_local: int = 2
    n_deep: int = 2
    local_between: int = 512
    deep_between: int = 1024

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> Sizes:
        """What a checkpoint's tensors say.

        Raises:
            KeyError: If it is none of this network.
        """

        def count(prefix: str) -> int:
            return len(
                {name[len(prefix) :].partition(".")[0] for name in state if name.startswith(prefix)}
            )

        return cls(
            first=len(state["first.dense.weight"]),
            local=len(state["second.dense.weight"]),
            deep=len(state["down.dense.weight"]),
            n_local=count("local_layers."),
            n_deep=count("deep_layers."),
            local_between=len(state["local_layers.0.feed_forward.intermediate_dense.weight"]),
            deep_between=len(state["deep_layers.0.layer.feed_forward.intermediate_dense.weight"]),
        )


@dataclass(frozen=True)
class Heard:
    """What the network makes of sounds.

    Attributes:
        first: After the first convolution, every 10 ms, shape (n_sounds, n_short, first).
        local: Every 20 ms, shape (n_sounds, n_frames, local).
        deep: Every 40 ms, shape (n_sounds, ceil(n_frames / 2), deep).
        notes: Logits of notes every 20 ms, shape (n_sounds, n_frames, 96).
    """

    first: Tensor
    local: Tensor
    deep: Tensor
    notes: Tensor

    def frames(self) -> Tensor:
        """All of them every 20 ms, notes as probabilities, shape (n_sounds, n_frames, size)."""
        deep = doubled(self.deep, self.local.shape[1])
        return torch.cat([self.local, deep, self.notes.sigmoid()], dim=2)


class Network(nn.Module):
    """Convolutions, local layers, a transformer at half their rate, and the salience of notes.

    Args:
        sizes: Numbers in a frame, from layer to layer.
    """

    local_layers: Any  # ModuleLists, which do not tell the type of what they hold
    deep_layers: Any

    def __init__(self, sizes: Sizes | None = None):
        super().__init__()
        self.sizes = sizes = sizes or Sizes()
        self.first = Convolution(MEL_BANDS, sizes.first, stride=1)
        self.second = Convolution(sizes.first, sizes.local, stride=2)
        self.salience = Salience()
        self.harmony = Linear(PITCH_BANDS + NOTES, sizes.local)
        self.local_layers = nn.ModuleList(
            LocalLayer(sizes.local, sizes.local_between, LOCAL_TAPS) for _ in range(sizes.n_local)
        )
        self.local_norm = nn.LayerNorm(sizes.local)
        self.down = Convolution(sizes.local, sizes.deep, stride=2)
        self.deep_layers = nn.ModuleList(
            DeepLayer(sizes.deep, sizes.deep // HEAD, sizes.deep_between, DEEP_TAPS)
            for _ in range(sizes.n_deep)
        )
        self.deep_norm = nn.LayerNorm(sizes.deep)

    def forward(self, short: Tensor, long: Tensor, notes: Tensor | None = None) -> Heard:
        """From spectrograms to frames.

        Args:
            short: Shape (n_sounds, n_short, 80), every 10 ms.
            long: Shape (n_sounds, n_frames, 192), every 20 ms.
            notes: What `notes` makes of `long`, where that is known already.
        """
        if notes is None:
            notes = self.notes(long)
        first = F.gelu(self.first(short))
        x = F.gelu(self.second(first))
        # What the notes are is learned from notes alone, not bent to what teachers want.
        x = x + self.harmony(torch.cat([long, notes.detach().sigmoid()], dim=2))
        for layer in self.local_layers:
            x = layer(x)
        local = self.local_norm(x)
        x = self.down(local)
        for layer in self.deep_layers:
            x = layer(x)
        return Heard(first, local, self.deep_norm(x), notes)

    def notes(self, long: Tensor) -> Tensor:
        """Logits of notes, shape (n_sounds, n_frames, 96)."""
        flat = long.flatten(0, 1)
        parts = [self.salience(flat[some]) for some in chunks(len(flat), SALIENCE_FRAMES)]
        return torch.cat(parts).view(*long.shape[:2], NOTES)
