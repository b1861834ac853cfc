"""Checkpoints of wav2vec 2.0: parity with transformers and torchaudio, and refusals."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from hearbaseline import wav2vec2
from hearbaseline._checkpoint import CheckpointError
from hearbaseline.wav2vec2.checkpoint import build, save_checkpoint
from hearbaseline.wav2vec2.extractor import Geometry

from .models import (
    BASE,
    KINDS,
    LARGE,
    error,
    random_network,
    recordings,
    saved,
    scatter,
    torchaudio_model,
    transformers,
)

# Of a hidden state, to the other package's; all float32. The issue asks for 1e-4.
PARITY = 1e-5


def compare(model: wav2vec2.Wav2Vec2, theirs: Any, normalise: bool) -> None:
    """Hidden states of both on real recordings, normalised as transformers does it."""
    prepare = transformers().Wav2Vec2FeatureExtractor(do_normalize=normalise)
    for audio in recordings(1.5):
        values = prepare(audio[0].numpy(), sampling_rate=16000, return_tensors="pt").input_values
        with torch.no_grad():
            out = theirs(values, output_hidden_states=True)
        # Its version 5 left the final norm out of the last hidden state.
        expected = [*out.hidden_states[:-1], out.last_hidden_state]
        seen = model.hidden_states(audio)
        assert len(seen) == len(expected) == model.n_layers + 1
        for ours, other in zip(seen, expected, strict=True):
            assert error(ours, other) < PARITY
        assert torch.equal(wav2vec2.get_timestamp_embeddings(audio, model)[0], seen[-1])


@pytest.mark.parametrize("kind", ["base", "large", "hubert"])
def test_hidden_states_equal_those_of_transformers(kind: str, tmp_path: Path) -> None:
    theirs = saved(kind, tmp_path)
    compare(wav2vec2.load_model(str(tmp_path)), theirs, normalise=True)


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("kind", ["feature extractor", "processor"])
def test_normalisation_follows_the_preprocessors_settings(
    normalise: bool, kind: str, tmp_path: Path
) -> None:
    theirs = saved("large", tmp_path)
    settings: dict[str, Any] = {"do_normalize": normalise, "sampling_rate": 16000}
    if kind == "processor":
        (tmp_path / "processor_config.json").write_text(json.dumps({"feature_extractor": settings}))
    else:
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    model = wav2vec2.load_model(str(tmp_path))
    assert model.normalise is normalise
    compare(model, theirs, normalise)


@pytest.mark.parametrize(
    ("kind", "head"),
    [("base", "ForPreTraining"), ("large", "ForCTC"), ("hubert", "ForSequenceClassification")],
)
def test_heads_are_left_out(kind: str, head: str, tmp_path: Path) -> None:
    theirs = saved(kind, tmp_path, head)
    encoder = theirs.hubert if kind == "hubert" else theirs.wav2vec2
    compare(wav2vec2.load_model(str(tmp_path)), encoder, normalise=True)


def test_every_form_of_a_transformers_checkpoint_is_the_same_model(tmp_path: Path) -> None:
    theirs = saved("base", tmp_path / "folder")
    saved("base", tmp_path / "old").save_pretrained(tmp_path / "shards", max_shard_size="200KB")
    (tmp_path / "old" / "model.safetensors").unlink()
    old = {".parametrizations.weight.original0": ".weight_g"}
    old[".parametrizations.weight.original1"] = ".weight_v"
    state = {}
    for name, tensor in theirs.state_dict().items():
        for new in old:
            name = name.replace(new, old[new])
        state[name] = tensor
    assert "encoder.pos_conv_embed.conv.weight_g" in state
    torch.save(state, tmp_path / "old" / "pytorch_model.bin")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    expected = wav2vec2.load_model(str(tmp_path / "folder")).state_dict()
    for path in ("folder/model.safetensors", "old", "old/pytorch_model.bin", "shards"):
        seen = wav2vec2.load_model(str(tmp_path / path)).state_dict()
        assert seen.keys() == expected.keys()
        assert all(torch.equal(seen[name], expected[name]) for name in seen)
    shard = max((tmp_path / "shards").glob("*.safetensors"))
    shard.unlink()
    with pytest.raises(FileNotFoundError, match=f"names {shard.name}, which the folder lacks"):
        wav2vec2.load_model(str(tmp_path / "shards"))


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_state_dict_of_torchaudio_tells_its_architecture(
    kind: str, suffix: str, tmp_path: Path
) -> None:
    config = {**KINDS[kind], "aux_num_out": 7}
    theirs = torchaudio_model(config).eval()
    scatter(theirs)
    path = tmp_path / f"model{suffix}"
    if suffix == ".pt":
        torch.save(theirs.state_dict(), path)
    else:
        save_file(theirs.state_dict(), path)
    model = wav2vec2.load_model(str(path))
    assert model.normalise is KINDS[kind]["normalise"]
    for audio in recordings(1.5):
        sound = audio
        if model.normalise:
            sound = (audio - audio.mean()) / (audio.var(unbiased=False) + 1e-7).sqrt()
        expected, _ = theirs.extract_features(sound)
        for seen, other in zip(model.hidden_states(audio)[1:-1], expected[:-1], strict=True):
            assert error(seen, other.detach()) < PARITY
        theirs.aux = None
        assert error(model(audio), theirs(sound)[0].detach()) < PARITY


def test_our_own_checkpoint_brings_how_scenes_are_pooled(tmp_path: Path) -> None:
    state = random_network(LARGE).state_dict()
    (audio, *_) = recordings(1)
    scenes = {}
    for pooling in ("mean", "mean, deviation", "median"):
        path = tmp_path / f"{pooling}.safetensors"
        save_checkpoint(path, state, {**LARGE, "pooling": pooling})
        if pooling == "median":
            with pytest.raises(CheckpointError, match="pooling is 'median', not one of mean,"):
                wav2vec2.load_model(str(path))
            continue
        model = wav2vec2.load_model(str(path))
        scenes[pooling] = wav2vec2.get_scene_embeddings(audio, model)
        assert scenes[pooling].shape == (1, model.scene_embedding_size)
    frames = wav2vec2.get_timestamp_embeddings(audio, model)[0][0].double().numpy()
    assert torch.equal(scenes["mean"], scenes["mean, deviation"][:, :128])
    np.testing.assert_allclose(scenes["mean"][0], frames.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(scenes["mean, deviation"][0, 128:], frames.std(axis=0), atol=1e-5)


def test_our_own_checkpoint_brings_architecture_layer_and_half_precision(tmp_path: Path) -> None:
    config = {**LARGE, "layer": 2, "encoder_num_heads": 4}
    path = tmp_path / "own.safetensors"
    state = random_network(config).state_dict()
    save_checkpoint(path, state, config, torch.float16)
    assert {tensor.dtype for tensor in load_file(path).values()} == {torch.float16}
    model = wav2vec2.load_model(str(path))
    assert (model.layer, model.n_layers, model.geometry) == (2, 3, Geometry(400, 320))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert model.encoder.transformer.layers[0].attention.n_heads == 4
    (audio, *_) = recordings(1)
    states = model.hidden_states(audio)
    assert torch.equal(wav2vec2.get_timestamp_embeddings(audio, model)[0], states[2])
    first = wav2vec2.load_model(str(path), layer=0)
    assert torch.equal(wav2vec2.get_timestamp_embeddings(audio, first)[0], states[0])
    with pytest.raises(ValueError, match=r"layer must be from 0 to 3 in .*, not 4"):
        wav2vec2.load_model(str(path), layer=4)


SPOILT = {
    "missing": "no such checkpoint",
    "empty folder": "holds neither model.safetensors nor pytorch_model.bin",
    "folder without config": "config.json: there is no such file",
    "config that is no object": "is no JSON object",
    "file without config": "no config.json next to it",
    "other family": "model_type is 'wavlm'",
    "batch norm": "conv_pos_batch_norm is True",
    "adapter": "adapter_attn_dim is 16",
    "other rate": "wants 8000 Hz",
    "other sizes": "layer_norm.weight is (128,), not (64,)",
    "incomplete": "lacks encoder.transformer.layers.1.attention.q_proj.weight",
    "more": "has unexpected encoder.transformer.layers.1.gru.weight",
    "incomplete torchaudio": "lacks feature_extractor.conv_layers.3.conv.weight",
    "unknown heads": "is 96 wide",
    "deeper extractor": "more than 7 convolutions",
    "other model": "has unexpected conv1.weight",
    "nonsense in our metadata": "metadata: is no JSON object",
    "other arguments": "describes no model",
    "truncated": "cannot be read",
    "code": "pickled code",
}


def spoil(kind: str, folder: Path) -> Path:
    """A checkpoint that must be refused."""
    path = folder / "model.safetensors"
    if kind == "truncated":
        path.write_bytes(b"\x80" * 99)
    elif kind == "code":
        path = folder / "model.pt"
        torch.save(torch.nn.Linear(2, 2), path)
    elif kind == "other model":
        save_file({"conv1.weight": torch.zeros(3)}, path)
    elif "metadata" in kind:
        save_file(
            {"x": torch.zeros(3)}, path, {"model": "hearbaseline.wav2vec2", "config": "nonsense"}
        )
    elif kind == "other arguments":
        save_checkpoint(path, build(BASE).state_dict(), {**BASE, "dilation": 2})
    elif kind in ("incomplete torchaudio", "unknown heads", "deeper extractor"):
        sizes = {"encoder_embed_dim": 96} if kind == "unknown heads" else {}
        state = build({**BASE, **sizes}).state_dict()
        convolution = "feature_extractor.conv_layers.{}.conv.weight"
        if kind == "incomplete torchaudio":
            del state[convolution.format(3)]
        elif kind == "deeper extractor":
            state[convolution.format(7)] = torch.zeros(32, 32, 2)
        save_file(state, path)
    elif kind not in ("missing", "empty folder"):
        return spoil_transformers(kind, folder)
    return folder if kind == "empty folder" else path


def spoil_transformers(kind: str, folder: Path) -> Path:
    """The same, of a folder that transformers saved."""
    state = {name: t.contiguous() for name, t in saved("base", folder).state_dict().items()}
    if kind == "incomplete":
        del state["encoder.layers.1.attention.q_proj.weight"]
    elif kind == "more":
        state["encoder.layers.1.gru.weight"] = torch.zeros(3)
    save_file(state, folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    settings: dict[str, dict[str, Any]] = {
        "other family": {"model_type": "wavlm"},
        "batch norm": {"conv_pos_batch_norm": True},
        "adapter": {"adapter_attn_dim": 16},
        "other sizes": {"hidden_size": 64},
    }
    written = json.dumps({**config, **settings.get(kind, {})})
    (folder / "config.json").write_text("[]" if kind == "config that is no object" else written)
    if kind == "other rate":
        (folder / "preprocessor_config.json").write_text('{"sampling_rate": 8000}')
    if "without config" in kind:
        (folder / "config.json").unlink()
    return folder / "model.safetensors" if kind == "file without config" else folder


@pytest.mark.parametrize("kind", SPOILT)
def test_a_bad_checkpoint_is_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    path = spoil(kind, tmp_path)
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        wav2vec2.load_model(str(path))
    message = str(caught.value)
    assert str(tmp_path) in message
    assert SPOILT[kind] in message
    assert "\n" not in message


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["half", "bfloat16"])
def test_a_weight_norm_in_half_precision_is_folded_in_float32(
    dtype: torch.dtype, suffix: str, tmp_path: Path
) -> None:
    state = {
        name: tensor.to(dtype).contiguous()
        for name, tensor in saved("large", tmp_path).state_dict().items()
    }
    (tmp_path / "model.safetensors").unlink()
    if suffix == "bin":
        torch.save(state, tmp_path / "pytorch_model.bin")
    else:
        save_file(state, tmp_path / "model.safetensors", {"format": "pt"})
    theirs = transformers().Wav2Vec2Model.from_pretrained(tmp_path, dtype=torch.float32).eval()
    model = wav2vec2.load_model(str(tmp_path))
    seen = model.encoder.transformer.pos_conv_embed.conv.weight.detach()
    expected = theirs.encoder.pos_conv_embed.conv.weight.detach()
    assert float((seen - expected).abs().max() / expected.abs().max()) < 1e-6
    for audio in recordings(1.0, 1):
        sound = (audio - audio.mean()) / (audio.var(unbiased=False) + 1e-7).sqrt()
        with torch.no_grad():
            assert error(model(audio), theirs(sound).last_hidden_state) < PARITY
