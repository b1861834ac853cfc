"""Folders that Hugging Face's transformers saves: settings in JSON, weights whole or in shards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from hearbaseline._checkpoint import CheckpointError, check_plain, load_state, shown

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Files of weights, the first that is there; or as shards, named in an index."""


def folder_state(folder: Path) -> dict[str, Tensor]:
    """The weights of a folder, by name.

    Raises:
        FileNotFoundError: If it holds none, or lacks a shard.
        CheckpointError: If they cannot be read.
    """
    for name in WEIGHTS:
        if (folder / name).is_file():
            return load_state(folder / name)
        index = folder / f"{name}.index.json"
        if index.is_file():
            shards = [load_state(folder / name) for name in _shards(index)]
            return {name: tensor for shard in shards for name, tensor in shard.items()}
    raise FileNotFoundError(
        f"{folder}: holds neither {' nor '.join(WEIGHTS)}; give the path of a checkpoint, or of a "
        "folder that transformers saved"
    )


def _shards(index: Path) -> list[str]:
    """Names of the files that an index of shards names."""
    names = read_json(index).get("weight_map")
    if (
        not isinstance(names, dict)
        or not names
        or not all(isinstance(name, str) for name in names.values())
    ):
        raise CheckpointError(
            f"{index}: its weight_map does not name a file for each weight; copy it again"
        )
    # Only files of this folder: an index is not to lead elsewhere.
    shards = sorted({Path(name).name for name in names.values()})
    if lacking := [name for name in shards if not (index.parent / name).exists()]:
        raise FileNotFoundError(
            f"{index}: names {shown(lacking[0])}{' and others' * (len(lacking) > 1)}, which the "
            "folder lacks; copy the checkpoint again"
        )
    return shards


def preprocessor(folder: Path) -> Any:
    """The settings of the feature extractor; an empty dict where the folder has none.

    Returns:
        What the file says, which is a dict in all files of transformers.

    Raises:
        CheckpointError: If the file is no JSON object.
    """
    if (folder / "preprocessor_config.json").is_file():
        return read_json(folder / "preprocessor_config.json")
    if (folder / "processor_config.json").is_file():
        return read_json(folder / "processor_config.json").get("feature_extractor", {})
    return {}


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointError: If it holds anything else.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file; transformers saves it; copy it")
    check_plain(path)
    return json_object(path.read_bytes(), str(path))


def json_object(text: str | bytes, where: str) -> dict[str, Any]:
    """An object from its JSON.

    Raises:
        CheckpointError: If it is none; the message begins with `where`.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # no UTF-8 is a ValueError, too
        found = None
    if not isinstance(found, dict):
        raise CheckpointError(f"{where}: is no JSON object; copy the checkpoint again")
    return found
