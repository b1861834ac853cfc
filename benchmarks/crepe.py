"""The CREPE baseline next to torchcrepe, which embeds one sound at a time."""

from __future__ import annotations

import torch

from hearbaseline import crepe

from ._measure import Duel, Embed

_CASES = ((1, 1.0, 11), (4, 1.0, 5), (16, 1.0, 3), (1, 4.0, 5), (4, 4.0, 3), (1, 20.0, 3))


def duels(device: str) -> list[Duel]:
    """Timestamp and scene embeddings."""
    # It imports torchaudio, which not every PyTorch has.
    import torchcrepe

    model = crepe.load_model().to(device)

    def peer(audio: torch.Tensor, hop_ms: float) -> torch.Tensor:
        hop = int(hop_ms * model.sample_rate / 1000)
        sounds = [
            torchcrepe.embed(sound[None], model.sample_rate, hop, device=device) for sound in audio
        ]
        return torch.cat(sounds).flatten(2)

    def duel(name: str, hop_ms: float, ours: Embed, theirs: Embed) -> Duel:
        return Duel(name, "torchcrepe", model, hop_ms, ours, theirs, _CASES)

    return [
        duel(
            "CREPE full, timestamp embeddings",
            crepe.TIMESTAMP_HOP_MS,
            lambda audio: crepe.get_timestamp_embeddings(audio, model)[0],
            lambda audio: peer(audio, crepe.TIMESTAMP_HOP_MS),
        ),
        duel(
            "CREPE full, scene embeddings",
            crepe.SCENE_HOP_MS,
            lambda audio: crepe.get_scene_embeddings(audio, model),
            lambda audio: peer(audio, crepe.SCENE_HOP_MS).mean(dim=1),
        ),
    ]
