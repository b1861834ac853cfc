"""Checkpoints of the wav2vec 2.0 baseline: an architecture and its weights in one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

NAME = "hearbaseline.wav2vec2"
# What a configuration says beside the arguments of torchaudio's `wav2vec2_model`.
OWN = ("normalise", "layer")


def build(config: Mapping[str, Any]) -> nn.Module:
    """Torchaudio's model of an architecture, with random weights.

    Args:
        config: The arguments of `torchaudio.models.wav2vec2_model`; dropouts are 0 unless named,
            and `normalise` and `layer` are for the baseline.
    """
    from torchaudio.models import wav2vec2_model

    dropouts = dict.fromkeys(
        (
            "encoder_projection_dropout",
            "encoder_attention_dropout",
            "encoder_ff_interm_dropout",
            "encoder_dropout",
            "encoder_layer_drop",
        ),
        0.0,
    )
    arguments = {key: value for key, value in config.items() if key not in OWN}
    model: nn.Module = wav2vec2_model(**{**dropouts, "aux_num_out": None, **arguments})
    return model


def save_checkpoint(
    path: Path,
    state: Mapping[str, Tensor],
    config: Mapping[str, Any],
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write a checkpoint that `load_model` reads, atomically.

    Args:
        path: A `.safetensors` file.
        state: By torchaudio's names.
        config: See `build`.
        dtype: Of the stored weights.
    """
    from safetensors.torch import save_file

    partial = path.with_name(path.name + ".part")
    save_file(
        {key: value.detach().cpu().to(dtype).contiguous() for key, value in state.items()},
        partial,
        {"model": NAME, "config": json.dumps(dict(config))},
    )
    partial.replace(path)
