"""Checkpoints of Whisper, transformers' or OpenAI's: the encoder's sizes and weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from hearbaseline._checkpoint import (
    CheckpointError,
    load_contents,
    named_tensors,
    reading,
    short,
    shown,
)
from hearbaseline._folder import folder_state, preprocessor, read_json
from hearbaseline.whisper.encoder import FFT_HOP, N_FFT, SAMPLE_RATE, Sizes

State = dict[str, Tensor]

TRANSFORMERS = {
    ".self_attn.": ".attention.",
    ".self_attn_layer_norm.": ".layer_norm.",
    ".fc1.": ".feed_forward.intermediate_dense.",
    ".fc2.": ".feed_forward.output_dense.",
    "embed_positions.weight": "positions",
}
"""Parts of transformers' names, and ours."""

OPENAI = {
    "blocks.": "layers.",
    ".attn.query.": ".attention.q_proj.",
    ".attn.key.": ".attention.k_proj.",
    ".attn.value.": ".attention.v_proj.",
    ".attn.out.": ".attention.out_proj.",
    ".attn_ln.": ".layer_norm.",
    ".mlp.0.": ".feed_forward.intermediate_dense.",
    ".mlp.2.": ".feed_forward.output_dense.",
    ".mlp_ln.": ".final_layer_norm.",
    "positional_embedding": "positions",
    "ln_post.": "layer_norm.",
}
"""Parts of OpenAI's names, and ours."""

CONFIG = {
    "num_mel_bins": ("n_mels", 80),
    "d_model": ("size", 384),
    "encoder_attention_heads": ("n_heads", 6),
    "encoder_layers": ("n_layers", 4),
    "encoder_ffn_dim": ("between", 1536),
    "max_source_positions": ("n_positions", 1500),
}
"""Sizes in transformers' `config.json`, and what it assumes where that says nothing."""

DIMS = {
    "n_mels": ("n_mels", None),
    "n_audio_state": ("size", None),
    "n_audio_head": ("n_heads", None),
    "n_audio_layer": ("n_layers", None),
    "n_audio_ctx": ("n_positions", None),
}
"""Sizes in OpenAI's `dims`, all of which it has."""

FIXED = {"sampling_rate": SAMPLE_RATE, "n_fft": N_FFT, "hop_length": FFT_HOP, "dither": 0.0}
"""What the settings of transformers' feature extractor may not say otherwise."""


def read(path: Path) -> tuple[Sizes, State]:
    """Read a checkpoint of either kind.

    Args:
        path: A folder that transformers saved, the file of weights in it, or OpenAI's file.

    Returns:
        Sizes, and float32 tensors by our names.

    Raises:
        FileNotFoundError: If there is no such file, or the folder lacks one.
        CheckpointError: If it cannot be read, is of no known kind, or contradicts itself.
    """
    with reading(path):
        if not path.exists():
            raise FileNotFoundError(f"{path}: there is no such checkpoint; give another path")
        if path.is_dir():
            return _transformers(path, encoder_of(folder_state(path)), path)
        contents = load_contents(path)
        if isinstance(contents, Mapping) and {"dims", "model_state_dict"} <= contents.keys():
            return _openai(path, contents)
        state = encoder_of(named_tensors(path, contents))
        if any(name.startswith("layers.") for name in state):
            return _transformers(path.parent, state, path)
        raise _unknown(path, state)


def _transformers(folder: Path, state: State, path: Path) -> tuple[Sizes, State]:
    if not (folder / "config.json").is_file() and folder != path:
        raise CheckpointError(
            f"{path}: has transformers' names, but no config.json next to it; put the one it was "
            "saved with there"
        )
    config = {"activation_function": "gelu", **read_json(folder / "config.json")}
    for name, kind in (("model_type", "whisper"), ("activation_function", "gelu")):
        if config.get(name) != kind:
            raise CheckpointError(
                f"{folder / 'config.json'}: {name} is {short(config.get(name))}, and only "
                f"{kind!r} is computed here; give a checkpoint of Whisper"
            )
    settings = preprocessor(folder)
    for name, only in FIXED.items():
        value = settings.get(name, only) if isinstance(settings, dict) else settings
        if value != only:
            raise CheckpointError(
                f"{folder}: its preprocessor's {name} is {short(value)}, and only {only} is "
                "computed here; give a checkpoint for that"
            )
    if not any(name.startswith("layers.") for name in state):
        raise _unknown(path, state)
    state = renamed(state, TRANSFORMERS)
    return sizes_of(state, config, CONFIG, path), state


def _openai(path: Path, contents: Mapping[str, object]) -> tuple[Sizes, State]:
    state = renamed(encoder_of(named_tensors(path, contents["model_state_dict"])), OPENAI)
    dims = contents["dims"]
    if not isinstance(dims, Mapping):
        raise CheckpointError(f"{path}: its dims are {short(dims)}, no sizes; copy it again")
    return sizes_of(state, dims, DIMS, path), state


def _unknown(path: Path, state: State) -> CheckpointError:
    found = ", ".join(map(shown, sorted(state)[:4])) or "nothing"
    if any(name.startswith("blocks.") for name in state):
        return CheckpointError(
            f"{path}: has the names of OpenAI's Whisper, but not its dims; give the file as OpenAI "
            "made it, such as base.pt"
        )
    return CheckpointError(
        f"{path}: is no Whisper checkpoint: lacks encoder.layers (transformers) and dims (OpenAI), "
        f"has unexpected {found}; give one of these kinds"
    )


def encoder_of(state: Mapping[str, Tensor]) -> State:
    """The encoder's tensors, without what models put before its names, and without the decoder."""
    bare = {name.removeprefix("model."): tensor for name, tensor in state.items()}
    inner = {name: tensor for name, tensor in bare.items() if name.startswith("encoder.")}
    # A `WhisperEncoder` alone has no such prefix.
    return {name.removeprefix("encoder."): t for name, t in (inner or bare).items()}


def renamed(state: Mapping[str, Tensor], names: Mapping[str, str]) -> State:
    """Float32 tensors by our names, with a bias of zeros where the keys have none."""
    ours = {}
    for name, tensor in state.items():
        for theirs, our in names.items():
            name = name.replace(theirs, our)
        ours[name] = tensor.float() if tensor.is_floating_point() else tensor
    for name in [name for name in ours if name.endswith(".q_proj.bias")]:
        ours.setdefault(name.replace("q_proj", "k_proj"), torch.zeros_like(ours[name]))
    return ours


def sizes_of(
    state: Mapping[str, Tensor],
    said: Mapping[str, object],
    names: Mapping[str, tuple[str, int | None]],
    path: Path,
) -> Sizes:
    """Sizes as the weights have them, which the settings must agree with.

    Nothing is built from the settings alone, which may name a billion layers.

    Args:
        state: Tensors by our names.
        said: The settings.
        names: For each setting the name in `Sizes`, and its default.
        path: Where both are from, for messages.

    Raises:
        CheckpointError: If tensors that tell are missing, or the settings say otherwise.
    """

    def shape(name: str, n_axes: int) -> tuple[int, ...]:
        found = tuple(state[name].shape) if name in state else ()
        if len(found) != n_axes or 0 in found:
            problem = f"has {name} of shape {found}" if found else f"lacks {name}"
            raise CheckpointError(f"{path}: is no whole Whisper encoder: {problem}; copy it again")
        return found

    size, n_mels, _ = shape("conv1.weight", 3)
    held = {
        "n_mels": n_mels,
        "size": size,
        "n_layers": len({name.split(".")[1] for name in state if name.startswith("layers.")}),
        "between": shape("layers.0.feed_forward.intermediate_dense.weight", 2)[0],
        "n_positions": shape("positions", 2)[0],
    }
    for name, (ours, default) in names.items():
        value = said.get(name, default)
        problem = ""
        if ours in held:
            if value != held[ours]:
                problem = f"{name} is {short(value)}, and the weights are of {held[ours]}"
        elif type(value) is int and value > 0 and size % value == 0:
            held[ours] = value
        else:
            problem = f"{name} is {short(value)}, which does not divide {size}, the width"
        if problem:
            raise CheckpointError(
                f"{path}: its settings describe another model: {problem}; copy the checkpoint again"
            )
    return Sizes(**held)
