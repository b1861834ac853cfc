"""A configuration that means no model is refused in one line, before anything is built."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from hearbaseline import wav2vec2
from hearbaseline._checkpoint import CheckpointError
from hearbaseline.wav2vec2 import checkpoint
from hearbaseline.wav2vec2.checkpoint import build, save_checkpoint
from hearbaseline.wav2vec2.names import SIZES

from .models import BASE

HUGE = 10**12
DEEP = "[" * 100_000

# Of our own checkpoints, by torchaudio's names
OWN: list[tuple[str, Any]] = [
    ("encoder_num_layers", HUGE),
    ("encoder_num_layers", 1000),
    ("encoder_num_layers", 0),
    ("encoder_num_layers", -1),
    ("encoder_num_layers", 2.0),
    ("encoder_num_layers", "3"),
    ("encoder_num_layers", None),
    ("encoder_num_layers", True),
    ("encoder_num_heads", 0),
    ("encoder_num_heads", 3),
    ("encoder_num_heads", HUGE),
    ("encoder_num_heads", [2]),
    ("encoder_embed_dim", HUGE),
    ("encoder_embed_dim", 0),
    ("encoder_embed_dim", {"a": 1}),
    ("encoder_pos_conv_groups", 0),
    ("encoder_pos_conv_groups", 7),
    ("encoder_pos_conv_kernel", HUGE),
    ("encoder_ff_interm_features", -5),
    ("encoder_ff_interm_features", float("nan")),
    ("encoder_layer_norm_first", "yes"),
    ("encoder_dropout", 2),
    ("encoder_dropout", "0"),
    ("extractor_mode", ["group_norm"]),
    ("extractor_mode", "batch_norm"),
    ("extractor_conv_bias", 1),
    ("extractor_conv_layer_config", []),
    ("extractor_conv_layer_config", "512"),
    ("extractor_conv_layer_config", [[32, 10]]),
    ("extractor_conv_layer_config", [[32, 10, 0]]),
    ("extractor_conv_layer_config", [[32, 10, HUGE]]),
    ("extractor_conv_layer_config", [[32, 10, 5]] * 10_000),
    ("extractor_conv_layer_config", [[32, 3, 1000]] * 7),
    ("normalise", "no"),
    ("layer", -1),
    ("layer", "last"),
    ("pooling", 3),
    ("pooling", "x" * 10_000),
    ("weight_norm", True),
    ("__class__", "x"),
    ("self", 1),
    ("a name\nwith a line end", 1),
]


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        wav2vec2.load_model(str(path))
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert len(message) < 600
    return message


@pytest.fixture
def unbuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    def built(*_: object, **__: object) -> None:
        raise AssertionError("it was built")

    monkeypatch.setattr(checkpoint, "Network", built)


@pytest.mark.parametrize(("name", "value"), OWN, ids=lambda value: repr(value)[:40])
def test_a_setting_of_ours_that_no_model_has_is_refused(
    tmp_path: Path, name: str, value: object, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "a.safetensors"
    save_checkpoint(path, build(BASE).state_dict(), {**BASE, name: value})
    if name != "pooling" or not isinstance(value, str):  # what poolings there are the model knows
        request.getfixturevalue("unbuilt")
    assert "; copy the checkpoint again" in refused(path) or name == "pooling"


THEIRS: list[dict[str, Any]] = [
    {"num_hidden_layers": HUGE},
    {"num_attention_heads": 0},
    {"num_attention_heads": None},
    {"hidden_size": "128"},
    {"conv_dim": 512},
    {"conv_dim": [512]},
    {"conv_dim": [512] * 10_000, "conv_kernel": [2] * 10_000, "conv_stride": [2] * 10_000},
    {"conv_stride": [0] * 7},
    {"conv_kernel": ["3"] * 7},
    {"feat_extract_norm": ["group"]},
    {"feat_extract_norm": None},
    {"conv_bias": "false"},
    {"do_stable_layer_norm": None},
    {"hidden_act": ["gelu"] * 10_000},
    {"layer_norm_eps": {}},
    {"model_type": ["wav2vec2"]},
    {"num_conv_pos_embedding_groups": 0},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as of transformers, with weights whose names are theirs."""
    save_file({"encoder.layers.0.x": torch.zeros(2)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "wav2vec2"} | SIZES))
    return tmp_path


@pytest.mark.usefixtures("unbuilt")
@pytest.mark.parametrize("settings", THEIRS, ids=lambda value: repr(value)[:40])
def test_a_setting_of_theirs_that_no_model_has_is_refused(
    folder: Path, settings: dict[str, Any]
) -> None:
    known = {"model_type": "wav2vec2"} | SIZES
    (folder / "config.json").write_text(json.dumps(known | settings))
    refused(folder)


@pytest.mark.usefixtures("unbuilt")
@pytest.mark.parametrize(
    "contents",
    [b"", b"\xff\xfe{}", b"[]", b"null", b"{", DEEP.encode(), b'{"a": ' * 100_000, b"-", bytes(9)],
    ids=["empty", "no UTF-8", "list", "null", "half", "deep list", "deep object", "dash", "zeros"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "index"])
def test_what_is_no_json_object_is_refused(folder: Path, name: str, contents: bytes) -> None:
    if name == "index":
        (folder / "model.safetensors").unlink()
        name = "model.safetensors.index.json"
    (folder / name).write_bytes(contents)
    refused(folder)


@pytest.mark.parametrize(
    "index",
    [{}, {"weight_map": []}, {"weight_map": {}}, {"weight_map": {"a": 1}}, {"weight_map": None},
     {"weight_map": {"a": ["b"]}}, {"weight_map": {"a": "."}}, {"weight_map": {"a": "x.npz"}}],
)  # fmt: skip
def test_an_index_that_names_no_files_is_refused(folder: Path, index: dict[str, Any]) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "x.npz").touch()
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises((CheckpointError, FileNotFoundError)) as caught:
        wav2vec2.load_model(str(folder))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "state",
    [
        {"encoder.transformer.layers.x.y": torch.zeros(2)},
        {"encoder.transformer.pos_conv_embed.conv.weight": torch.zeros(())},
        {"encoder.feature_projection.a": torch.zeros(0)},
        {"feature_extractor.conv_layers.0.conv.weight": torch.zeros(1),
         "encoder.transformer.a": torch.zeros(1)},
    ],
    ids=range(4),
)  # fmt: skip
def test_a_state_dict_that_tells_no_architecture_is_refused(
    tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    path = tmp_path / "a.pt"
    torch.save(state, path)
    refused(path)


def test_preprocessors_settings_of_other_types_are_refused(folder: Path) -> None:
    for settings in (
        {"do_normalize": "no"},
        {"do_normalize": None},
        {"sampling_rate": ["x"] * 999},
    ):
        (folder / "preprocessor_config.json").write_text(json.dumps(settings))
        refused(folder)
