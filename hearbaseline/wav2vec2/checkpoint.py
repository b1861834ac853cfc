"""Checkpoints of wav2vec 2.0, ours, torchaudio's or transformers': architecture and weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hearbaseline._checkpoint import CheckpointError, load_state, reading, short, shown
from hearbaseline._folder import folder_state, json_object, preprocessor, read_json
from hearbaseline.wav2vec2.names import (
    State,
    architecture,
    bare,
    fold,
    inferred,
    is_torchaudio,
    is_transformers,
    rename,
)
from hearbaseline.wav2vec2.network import Network
from hearbaseline.wav2vec2.settings import check_settings

NAME = "hearbaseline.wav2vec2"

OWN = ("normalise", "layer", "pooling", "filters")
"""Settings in a configuration that are not arguments of torchaudio's `wav2vec2_model`."""


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds.

    Attributes:
        config: What `build` takes.
        state: float32 tensors by torchaudio's names, the weight norm folded.
    """

    config: dict[str, Any]
    state: State


def build(config: Mapping[str, Any], *, weight_norm: bool = True) -> Network:
    """The layers of an architecture, with random weights.

    Args:
        config: The arguments of `torchaudio.models.wav2vec2_model`; dropouts are 0 unless named,
            `normalise`, `layer` and `pooling` are for the baseline, and `filters` for its training.
        weight_norm: Whether the positional convolution has a weight norm, which helps training.

    Raises:
        TypeError: If an argument is missing or unknown.
        ValueError: If arguments contradict each other.
    """
    arguments = {key: value for key, value in config.items() if key not in OWN}
    return Network(**arguments, weight_norm=weight_norm)


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
    from safetensors.torch import save

    tensors = {key: value.detach().cpu().to(dtype).contiguous() for key, value in state.items()}
    partial = path.with_name(path.name + ".part")
    # Not by `save_file`, which lets nobody but the owner read what it writes.
    partial.write_bytes(save(tensors, {"model": NAME, "config": json.dumps(dict(config))}))
    partial.replace(path)


def read(path: Path) -> Checkpoint:
    """Read a checkpoint, whichever of the known kinds it is.

    Args:
        path: A file, or a transformers folder.

    Raises:
        FileNotFoundError: If there is no such file, or the folder lacks one.
        CheckpointError: If it cannot be read, or is of no known kind.
    """
    with reading(path):
        checkpoint = _read(path)
        check_settings(checkpoint.config, checkpoint.state, path)
    return checkpoint


def _read(path: Path) -> Checkpoint:
    if path.is_dir():
        return _transformers(path, folder_state(path))
    state = load_state(path)
    config = _own_config(path)
    if config is None:
        return _recognise(path, state)
    return Checkpoint(config, fold(_float32(bare(state))))


def _recognise(path: Path, state: State) -> Checkpoint:
    """A state dict without a configuration of ours: the names tell."""
    state = bare(state)
    if is_torchaudio(state):
        # Folded in float32: half precision has three digits.
        state = fold(_float32(state))
        return Checkpoint(inferred(state, path), state)
    if not is_transformers(state):
        found = ", ".join(map(shown, sorted(state)[:4])) or "nothing"
        raise CheckpointError(
            f"{path}: is no wav2vec 2.0 checkpoint: lacks encoder.transformer.layers (torchaudio) "
            f"and encoder.layers (transformers), has unexpected {found}; give one of these kinds"
        )
    if not (path.parent / "config.json").is_file():
        raise CheckpointError(
            f"{path}: has transformers' names, but no config.json next to it; put the one it was "
            "saved with there"
        )
    return _transformers(path.parent, state)


def _transformers(folder: Path, state: State) -> Checkpoint:
    config = architecture(read_json(folder / "config.json"), folder / "config.json")
    config["normalise"] = _normalises(folder)
    return Checkpoint(config, fold(_float32(rename(bare(state)))))


def _normalises(folder: Path) -> bool:
    """Whether sounds are to be normalised; transformers does unless told otherwise."""
    settings = preprocessor(folder)
    if not isinstance(settings, dict):
        settings = {"do_normalize": settings}
    rate, normalises = settings.get("sampling_rate", 16000), settings.get("do_normalize", True)
    if rate != 16000:
        raise CheckpointError(
            f"{folder}: its preprocessor wants {short(rate)} Hz, and this baseline takes 16000 Hz; "
            "give a checkpoint for that"
        )
    if not isinstance(normalises, bool):
        raise CheckpointError(
            f"{folder}: its preprocessor's do_normalize is {short(normalises)}, not true or false; "
            "copy the checkpoint again"
        )
    return normalises


def _own_config(path: Path) -> dict[str, Any] | None:
    """The configuration in our own checkpoints; None in those of others."""
    if path.suffix != ".safetensors":
        return None
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
    if metadata.get("model") != NAME:
        return None
    return json_object(metadata.get("config", ""), f"{path}: the configuration in its metadata")


def _float32(state: Mapping[str, Tensor]) -> State:
    return {name: t.float() if t.is_floating_point() else t for name, t in state.items()}
