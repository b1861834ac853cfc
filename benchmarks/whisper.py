"""The Whisper baseline next to transformers' encoder: base size, the same random weights."""

from __future__ import annotations

import tempfile
from typing import Any

import torch
from torch import Tensor

from hearbaseline import whisper

from ._measure import Duel

_CASES = ((1, 1.0, 5), (8, 1.0, 3), (1, 30.0, 5))


def duels(device: str) -> list[Duel]:
    """Timestamp embeddings: the last hidden state, which both compute from 30 s of audio."""
    # Types of the whole of transformers take minutes to check.
    import transformers
    from transformers.models.whisper import modeling_whisper

    library: Any = transformers
    library.utils.logging.disable_progress_bar()  # of saving, for each process again
    torch.manual_seed(0)
    config = library.WhisperConfig(
        d_model=512, encoder_layers=6, encoder_attention_heads=8, encoder_ffn_dim=2048
    )
    encoder: Any = modeling_whisper.WhisperEncoder
    peer = encoder(config).eval().to(device)
    prepare = library.WhisperFeatureExtractor()
    with tempfile.TemporaryDirectory() as folder:
        peer.save_pretrained(folder)
        model = whisper.load_model(folder).to(device)

    def theirs(audio: Tensor) -> Tensor:
        sounds = list(audio.cpu().numpy())
        inputs = prepare(sounds, sampling_rate=16000, return_tensors="pt", device=device)
        states: Tensor = peer(inputs.input_features.to(device)).last_hidden_state
        return states[:, : audio.shape[1] // 320]

    return [
        Duel(
            "Whisper base, timestamp embeddings",
            "transformers",
            model,
            whisper.TIMESTAMP_HOP_MS,
            lambda audio: whisper.get_timestamp_embeddings(audio, model)[0],
            theirs,
            _CASES,
        )
    ]
