"""What others call wav2vec 2.0's parts: from their names and settings to torchaudio's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hearbaseline._checkpoint import CheckpointError, short

State = dict[str, Tensor]

SIZES = {
    "conv_dim": [512] * 7,
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "conv_bias": False,
    "feat_extract_norm": "group",
    "hidden_size": 768,
    "num_conv_pos_embeddings": 128,
    "num_conv_pos_embedding_groups": 16,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "do_stable_layer_norm": False,
}
"""What transformers reads in `config.json`, and what it assumes where that says nothing."""

FIXED = {
    "hidden_act": "gelu",
    "feat_extract_activation": "gelu",
    "layer_norm_eps": 1e-5,
    "feat_proj_layer_norm": True,
    "conv_pos_batch_norm": False,
    "add_adapter": False,
    "adapter_attn_dim": None,
}
"""What `config.json` may not say otherwise, since torchaudio's model has no such part."""

HEADS = (
    # transformers: pretraining, recognition and classification
    "masked_spec_embed",
    "quantizer.",
    "project_q.",
    "project_hid.",
    "lm_head.",
    "classifier.",
    "projector.",
    "layer_weights",
    # torchaudio: recognition, and HuBERT's pretraining
    "aux.",
    "mask_generator.",
    "logit_generator.",
)
"""Beginnings of names that a checkpoint may hold and an embedding does not need."""

CONV = "feature_extractor.conv_layers"
TRANSFORMER = "encoder.transformer"
POSITION = f"{TRANSFORMER}.pos_conv_embed.conv"

STRIDES = (5, 2, 2, 2, 2, 2, 2)
HEAD_WIDTH = 64
"""Of every published model; a state dict alone does not tell."""


def is_torchaudio(state: Mapping[str, Tensor]) -> bool:
    """Whether names are torchaudio's."""
    return any(
        name.startswith((f"{TRANSFORMER}.", "encoder.feature_projection.")) for name in state
    )


def is_transformers(state: Mapping[str, Tensor]) -> bool:
    """Whether names are those of Hugging Face's transformers."""
    own = ("encoder.layers.", "feature_projection.")
    return any(name.startswith(own) for name in state)


def bare(state: Mapping[str, Tensor]) -> State:
    """Names without the prefix that models with a head give their encoder, and without heads."""
    short = {name.removeprefix("wav2vec2.").removeprefix("hubert."): t for name, t in state.items()}
    return {name: tensor for name, tensor in short.items() if not name.startswith(HEADS)}


def rename(state: Mapping[str, Tensor]) -> State:
    """Transformers' names as torchaudio's."""
    renamed = {}
    for name, tensor in state.items():
        part, dot, rest = name.partition(".")
        part = {"encoder": TRANSFORMER, "feature_projection": "encoder.feature_projection"}.get(
            part, part
        )
        renamed[part + dot + rest] = tensor
    return renamed


def fold(state: Mapping[str, Tensor]) -> State:
    """The positional convolution's kernel itself instead of its direction and length.

    Both spellings of PyTorch's weight norm (Salimans and Kingma, 2016) are known; it is over all
    but the last axis (Baevski et al. 2020, the authors' code).
    """
    state = dict(state)
    for length, direction in (
        (f"{POSITION}.weight_g", f"{POSITION}.weight_v"),
        (
            f"{POSITION}.parametrizations.weight.original0",
            f"{POSITION}.parametrizations.weight.original1",
        ),
    ):
        if length in state and direction in state:
            g, v = state.pop(length), state.pop(direction)
            norm = torch.linalg.vector_norm(v, dim=(0, 1), keepdim=True)
            state[f"{POSITION}.weight"] = v * (g / norm)
    return state


def architecture(config: Mapping[str, Any], path: object) -> dict[str, Any]:
    """Torchaudio's arguments for a transformers configuration.

    Args:
        config: What `config.json` holds.
        path: Where it is, for messages.

    Raises:
        CheckpointError: If it describes a model that torchaudio's cannot be.
    """
    kind = config.get("model_type")
    if kind not in ("wav2vec2", "hubert"):
        raise CheckpointError(
            f"{path}: model_type is {short(kind)}; give a checkpoint of wav2vec2 or hubert"
        )
    for name, only in FIXED.items():
        if config.get(name, only) != only:
            raise CheckpointError(
                f"{path}: {name} is {short(config[name])}, and only {only!r} is computed here; "
                "give a checkpoint without it"
            )
    has = {name: config.get(name, default) for name, default in SIZES.items()}
    lists = [has[name] for name in ("conv_dim", "conv_kernel", "conv_stride")]
    if not all(isinstance(one, list) and len(one) == len(lists[0]) for one in lists):
        raise CheckpointError(
            f"{path}: conv_dim, conv_kernel and conv_stride are no lists of one length; copy the "
            "checkpoint again"
        )
    return {
        "extractor_mode": f"{has['feat_extract_norm']}_norm",
        "extractor_conv_layer_config": [list(layer) for layer in zip(*lists, strict=True)],
        "extractor_conv_bias": has["conv_bias"],
        "encoder_embed_dim": has["hidden_size"],
        "encoder_pos_conv_kernel": has["num_conv_pos_embeddings"],
        "encoder_pos_conv_groups": has["num_conv_pos_embedding_groups"],
        "encoder_num_layers": has["num_hidden_layers"],
        "encoder_num_heads": has["num_attention_heads"],
        "encoder_ff_interm_features": has["intermediate_size"],
        "encoder_layer_norm_first": has["do_stable_layer_norm"],
    }


def inferred(state: Mapping[str, Tensor], path: object) -> dict[str, Any]:
    """Torchaudio's arguments for a state dict of its names, from shapes and the published models.

    Heads are 64 wide and the strides the paper's; layer norms in the extractor go with norms
    before attention, and with normalised sounds.

    Args:
        state: Tensors by torchaudio's names, folded.
        path: Where they are from, for messages.

    Raises:
        CheckpointError: If a name that tells is missing, or the strides or heads are unknown.
    """

    def shape(name: str) -> tuple[int, ...]:
        if name not in state:
            raise CheckpointError(
                f"{path}: is no whole wav2vec 2.0 checkpoint: lacks {name}; copy it again"
            )
        return tuple(state[name].shape)

    kernels = [shape(f"{CONV}.{i}.conv.weight") for i in range(len(STRIDES))]
    if f"{CONV}.{len(STRIDES)}.conv.weight" in state:
        raise CheckpointError(
            f"{path}: has more than {len(STRIDES)} convolutions, whose strides a state dict does "
            "not tell; give a checkpoint with a configuration"
        )
    layers = f"{TRANSFORMER}.layers."
    numbers = [int(name[len(layers) :].split(".")[0]) for name in state if name.startswith(layers)]
    size, per_group, extent = shape(f"{POSITION}.weight")
    if size % HEAD_WIDTH:
        raise CheckpointError(
            f"{path}: is {size} wide, no multiple of {HEAD_WIDTH}, so its attention heads are "
            "unknown; give a checkpoint with a configuration"
        )
    normed = f"{CONV}.1.layer_norm.weight" in state
    return {
        "extractor_mode": "layer_norm" if normed else "group_norm",
        "extractor_conv_layer_config": [
            [kernel[0], kernel[2], stride] for kernel, stride in zip(kernels, STRIDES, strict=True)
        ],
        "extractor_conv_bias": f"{CONV}.0.conv.bias" in state,
        "encoder_embed_dim": size,
        "encoder_pos_conv_kernel": extent,
        "encoder_pos_conv_groups": size // per_group,
        "encoder_num_layers": 1 + max(numbers, default=0),
        "encoder_num_heads": size // HEAD_WIDTH,
        "encoder_ff_interm_features": shape(f"{layers}0.feed_forward.intermediate_dense.weight")[0],
        "encoder_layer_norm_first": normed,
        "normalise": normed,
    }
