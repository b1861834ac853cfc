"""The wav2vec 2.0 baseline next to transformers' model: base size, the same random weights."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch

from hearbaseline import wav2vec2

from ._measure import Duel

_CASES = ((1, 1.0, 15), (8, 1.0, 7), (1, 3.0, 9), (1, 10.0, 7), (1, 30.0, 5), (1, 300.0, 1))


def duels(device: str) -> list[Duel]:
    """Timestamp embeddings: the last hidden state, which both compute."""
    # Types of the whole of transformers take minutes to check.
    import transformers

    library: Any = transformers
    library.utils.logging.disable_progress_bar()  # of saving, for each process again
    torch.manual_seed(0)
    peer = library.Wav2Vec2Model(library.Wav2Vec2Config()).eval().to(device)
    with tempfile.TemporaryDirectory() as folder:
        peer.save_pretrained(folder)
        # As of the published base model: sounds are embedded as they are.
        (Path(folder) / "preprocessor_config.json").write_text('{"do_normalize": false}')
        model = wav2vec2.load_model(folder).to(device)
    return [
        Duel(
            "wav2vec 2.0 base, timestamp embeddings",
            "transformers",
            model,
            wav2vec2.TIMESTAMP_HOP_MS,
            lambda audio: wav2vec2.get_timestamp_embeddings(audio, model)[0],
            lambda audio: peer(audio).last_hidden_state,
            _CASES,
        )
    ]
