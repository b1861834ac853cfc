"""The mel baseline next to the straightforward computation in one batch."""

from __future__ import annotations

import torch
from torch.nn.functional import pad

from hearbaseline import mel

from ._measure import Duel, Embed

_CASES = (
    (1, 1.0, 201), (16, 1.0, 61), (64, 1.0, 21), (1, 10.0, 61), (16, 10.0, 7), (64, 10.0, 3),
    (4, 30.0, 7), (1, 300.0, 5), (1, 1200.0, 3),
)  # fmt: skip


def duels(device: str) -> list[Duel]:
    """Timestamp and scene embeddings."""
    model = mel.load_model().to(device)

    def straightforward(audio: torch.Tensor, hop_ms: float) -> torch.Tensor:
        half = mel.N_FFT // 2
        hop = int(hop_ms * model.sample_rate / 1000)
        frames = pad(audio, (half, half)).unfold(1, mel.N_FFT, hop)
        power = torch.fft.rfft(frames * model.window).abs() ** 2
        return torch.log(power @ model.mel_scale.T + mel.EPSILON) @ model.projection

    def duel(name: str, hop_ms: float, ours: Embed, peer: Embed) -> Duel:
        return Duel(name, "straightforward PyTorch", model, hop_ms, ours, peer, _CASES)

    return [
        duel(
            "mel, timestamp embeddings",
            mel.TIMESTAMP_HOP_MS,
            lambda audio: mel.get_timestamp_embeddings(audio, model)[0],
            lambda audio: straightforward(audio, mel.TIMESTAMP_HOP_MS),
        ),
        duel(
            "mel, scene embeddings",
            mel.SCENE_HOP_MS,
            lambda audio: mel.get_scene_embeddings(audio, model),
            lambda audio: straightforward(audio, mel.SCENE_HOP_MS).mean(1),
        ),
    ]
