"""Whisper's encoder and its file, compared with transformers on random weights."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from training.teachers.ctranslate2 import ModelError, read_variables
from training.teachers.whisper import teacher

NEEDS = ("transformers",)


def written(variables: dict[str, torch.Tensor], version: int = 6) -> bytes:
    """A model.bin in float16, as CTranslate2's converter writes it."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    parts = [struct.pack("<I", version), text("WhisperSpec"), struct.pack("<II", 3, len(variables))]
    for name, tensor in variables.items():
        content = tensor.numpy().astype(np.float16).tobytes()
        shape = struct.pack(f"<B{tensor.ndim}I", tensor.ndim, *tensor.shape)
        parts += [text(name), shape, struct.pack("<BI", 4, len(content)), content]
    return b"".join([*parts, struct.pack("<I", 0)])


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    variables = {"encoder/a/weight": torch.rand(2, 3), "decoder/b": torch.rand(4)}
    file.write_bytes(written(variables))
    found = read_variables(file, "encoder/")
    assert list(found) == ["a/weight"]
    torch.testing.assert_close(found["a/weight"], variables["encoder/a/weight"].half().float())
    assert list(read_variables(file)) == list(variables)
    for broken in (written(variables)[:60], written(variables)[:-12], written(variables, 3), b""):
        file.write_bytes(broken)
        with pytest.raises(ModelError, match=r"model\.bin"):
            read_variables(file)


def test_the_encoder_is_transformers() -> None:
    from transformers import WhisperConfig, WhisperFeatureExtractor
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    torch.manual_seed(0)
    size = 128
    config = WhisperConfig(
        d_model=size,
        encoder_layers=3,
        encoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=64,
    )
    theirs = WhisperEncoder(config)
    audio = 0.1 * torch.randn(480000)
    extractor: Any = WhisperFeatureExtractor
    features = extractor()(audio.numpy(), sampling_rate=16000, return_tensors="pt")
    ours = teacher(renamed(theirs.state_dict()))
    with torch.no_grad():
        states = theirs(features.input_features, output_hidden_states=True).hidden_states
    heard = ours.hidden_states(audio[None])
    assert [state.shape for state in heard] == [(1, 1500, size)] * 4
    for state, expected in zip(heard, states, strict=True):
        torch.testing.assert_close(state, expected, atol=1e-4, rtol=0)


def renamed(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """transformers' tensors by CTranslate2's names, queries, keys and values in one."""
    found = {
        "position_encodings/encodings": state["embed_positions.weight"],
        **{f"{n}/{w}": state[f"{n}.{w}"] for n in ("conv1", "conv2") for w in ("weight", "bias")},
        **norm("layer_norm", state, "layer_norm"),
    }
    for k in range(3):
        ours, own = f"layer_{k}", f"layers.{k}"
        attention = f"{own}.self_attn"
        bias = state[f"{attention}.q_proj.bias"]
        found |= norm(f"{ours}/self_attention/layer_norm", state, f"{own}.self_attn_layer_norm")
        found |= norm(f"{ours}/ffn/layer_norm", state, f"{own}.final_layer_norm")
        found[f"{ours}/self_attention/linear_0/weight"] = torch.cat(
            [state[f"{attention}.{name}_proj.weight"] for name in "qkv"]
        )
        found[f"{ours}/self_attention/linear_0/bias"] = torch.cat(
            [bias, torch.zeros_like(bias), state[f"{attention}.v_proj.bias"]]
        )
        for theirs, name in (
            (f"{attention}.out_proj", "self_attention/linear_1"),
            (f"{own}.fc1", "ffn/linear_0"),
            (f"{own}.fc2", "ffn/linear_1"),
        ):
            for what in ("weight", "bias"):
                found[f"{ours}/{name}/{what}"] = state[f"{theirs}.{what}"]
    return found


def norm(ours: str, state: dict[str, torch.Tensor], theirs: str) -> dict[str, torch.Tensor]:
    return {f"{ours}/gamma": state[f"{theirs}.weight"], f"{ours}/beta": state[f"{theirs}.bias"]}
