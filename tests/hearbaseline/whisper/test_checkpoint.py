"""Checkpoints of Whisper: parity with transformers, OpenAI's format, and refusals."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F  # noqa: N812

from hearbaseline import wav2vec2, whisper
from hearbaseline._checkpoint import CheckpointError
from hearbaseline.whisper.encoder import HOP

from ..wav2vec2.models import error, recordings, transformers
from .models import SECONDS, as_openai, saved

NEEDS = ("transformers",)

# Of a hidden state, to the other package's; all float32.
PARITY = 1e-5


@pytest.fixture(name="folder", scope="module")
def fixture_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model and its feature extractor, as transformers saved them."""
    folder = tmp_path_factory.mktemp("whisper")
    saved(folder)
    transformers().WhisperFeatureExtractor(chunk_length=SECONDS).save_pretrained(folder)
    return folder


@pytest.fixture(name="openai", scope="module")
def fixture_openai(folder: Path) -> dict[str, Any]:
    """The same in OpenAI's format."""
    return as_openai(transformers().WhisperModel.from_pretrained(folder))


def compare(folder: Path, seconds: int, n_mels: int, lengths: tuple[int, ...]) -> None:
    """Spectrograms and all hidden states of both, on real recordings of these lengths."""
    theirs = saved(folder, num_mel_bins=n_mels, max_source_positions=50 * seconds)
    prepare = transformers().WhisperFeatureExtractor(feature_size=n_mels, chunk_length=seconds)
    model = whisper.load_model(str(folder))
    for audio, n_samples in zip(recordings(seconds, len(lengths)), lengths, strict=True):
        audio = audio.repeat(1, n_samples // audio.shape[1] + 1)[:, :n_samples]
        inputs = prepare(audio[0].numpy(), sampling_rate=16000, return_tensors="pt")
        padded = F.pad(audio, (0, seconds * 16000 - n_samples))
        torch.testing.assert_close(
            model.spectrogram(padded).mT, inputs.input_features, atol=2e-5, rtol=0
        )
        with torch.no_grad():
            out = theirs.encoder(inputs.input_features, output_hidden_states=True)
        # Its version 5 left the final norm out of the last hidden state.
        expected = [*out.hidden_states[:-1], out.last_hidden_state]
        seen = model.hidden_states(audio)
        assert len(seen) == len(expected) == model.n_layers + 1 == 4
        for layer, (ours, other) in enumerate(zip(seen, expected, strict=True)):
            n_frames = -(-n_samples // HOP)
            assert ours.shape == (1, n_frames, 64)
            assert error(ours, other[:, :n_frames]) < PARITY
            model.layer = layer
            embeddings, _ = whisper.get_timestamp_embeddings(audio, model)
            assert error(embeddings, ours) < 1e-6


@pytest.mark.parametrize("n_mels", [80, 128])
def test_hidden_states_equal_those_of_transformers(n_mels: int, tmp_path: Path) -> None:
    compare(tmp_path, SECONDS, n_mels, (100, 5000, 16000, 47999, 48000))


def test_they_do_over_the_thirty_seconds_of_published_models(tmp_path: Path) -> None:
    compare(tmp_path, 30, 80, (24000, 480000))


def same(path: Path, folder: Path) -> bool:
    seen, expected = (whisper.load_model(str(one)).state_dict() for one in (path, folder))
    return seen.keys() == expected.keys() and all(torch.equal(seen[n], expected[n]) for n in seen)


@pytest.mark.parametrize("head", ["ForConditionalGeneration", "ForAudioClassification"])
def test_heads_and_decoder_are_left_out(head: str, tmp_path: Path) -> None:
    theirs = saved(tmp_path / "head", head)
    encoder = theirs.get_encoder() if "Generation" in head else theirs.encoder
    encoder.save_pretrained(tmp_path / "encoder")
    assert same(tmp_path / "head", tmp_path / "encoder")


def test_every_form_of_a_transformers_checkpoint_is_the_same_model(
    folder: Path, tmp_path: Path
) -> None:
    theirs = transformers().WhisperModel.from_pretrained(folder)
    theirs.save_pretrained(tmp_path / "shards", max_shard_size="100KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    (tmp_path / "old").mkdir()
    shutil.copy(folder / "config.json", tmp_path / "old")
    torch.save(theirs.state_dict(), tmp_path / "old" / "pytorch_model.bin")
    for path in ("shards", "old", "old/pytorch_model.bin"):
        assert same(tmp_path / path, folder)
    assert same(folder / "model.safetensors", folder)


@pytest.mark.parametrize("zipped", [True, False])
def test_openais_file_is_the_same_model_without_transformers(
    zipped: bool, openai: dict[str, Any], folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    torch.save(openai, tmp_path / "tiny.pt", _use_new_zipfile_serialization=zipped)
    monkeypatch.setitem(sys.modules, "transformers", None)  # importing it fails
    assert same(tmp_path / "tiny.pt", folder)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["half", "bfloat16"])
def test_half_precision_is_converted(
    dtype: torch.dtype, openai: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    shutil.copy(folder / "config.json", tmp_path)
    state = {name: t.to(dtype) for name, t in load_file(folder / "model.safetensors").items()}
    save_file(state, tmp_path / "model.safetensors")
    tensors = {name: tensor.to(dtype) for name, tensor in openai["model_state_dict"].items()}
    torch.save({**openai, "model_state_dict": tensors}, tmp_path / "tiny.pt")
    assert same(tmp_path, tmp_path / "tiny.pt")
    model = whisper.load_model(str(tmp_path))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    torch.testing.assert_close(
        model.encoder.conv1.weight.detach(), state["encoder.conv1.weight"].float()
    )


def test_a_layer_is_chosen(folder: Path) -> None:
    (audio, *_) = recordings(1)
    states = whisper.load_model(str(folder)).hidden_states(audio)
    for layer in range(4):
        model = whisper.load_model(str(folder), layer=layer)
        assert error(whisper.get_timestamp_embeddings(audio, model)[0], states[layer]) < 1e-6
    for layer in (-1, 4):
        with pytest.raises(ValueError, match=rf"layer must be from 0 to 3 in .*, not {layer}"):
            whisper.load_model(str(folder), layer=layer)


def test_without_a_path_the_error_says_what_to_give() -> None:
    with pytest.raises(FileNotFoundError) as caught:
        whisper.load_model()
    message = str(caught.value)
    assert "ships no weights" in message
    assert "openai/whisper-base" in message
    assert "base.pt" in message
    assert "\n" not in message


def setting(file: str, **changes: object) -> Callable[[Path], None]:
    """Change settings in a file of the folder."""

    def change(folder: Path) -> None:
        found = json.loads((folder / file).read_text("utf-8"))
        (folder / file).write_text(json.dumps({**found, **changes}), "utf-8")

    return change


def tensors(**changes: torch.Tensor | None) -> Callable[[Path], None]:
    """Change the encoder's tensors, "__" for a dot; None takes one away."""

    def change(folder: Path) -> None:
        state = load_file(folder / "model.safetensors")
        for name, tensor in changes.items():
            name = "encoder." + name.replace("__", ".")
            if tensor is None:
                del state[name]
            else:
                state[name] = tensor
        save_file(state, folder / "model.safetensors")

    return change


def without_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def emptied(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def truncated(folder: Path) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])


def other_preprocessor(folder: Path) -> None:
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").write_text('{"feature_extractor": 3}', "utf-8")


FOLDERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (emptied, "holds neither model.safetensors nor pytorch_model.bin"),
    "without config": (without_config, "config.json: there is no such file"),
    "truncated": (truncated, "may be truncated"),
    "other family": (setting("config.json", model_type="wav2vec2"), "model_type is 'wav2vec2'"),
    "other units": (
        setting("config.json", activation_function="relu"),
        "activation_function is 'relu', and only 'gelu'",
    ),
    "other window": (setting("preprocessor_config.json", n_fft=512), "n_fft is 512, and only 400"),
    "other preprocessor": (other_preprocessor, "preprocessor's sampling_rate is 3"),
    "heads": (
        setting("config.json", encoder_attention_heads=5),
        "encoder_attention_heads is 5, which does not divide 64",
    ),
    "no heads": (
        setting("config.json", encoder_attention_heads=0), "encoder_attention_heads is 0"
    ),
    "many layers": (
        setting("config.json", encoder_layers=10**9),
        "encoder_layers is 1000000000, and the weights are of 3",
    ),
    "other width": (setting("config.json", d_model=[64]), "d_model is [64], and the weights are"),
    "other bands": (setting("config.json", num_mel_bins=128), "num_mel_bins is 128, and the"),
    "no convolution": (tensors(conv1__weight=None), "lacks conv1.weight"),
    "flat convolution": (tensors(conv1__weight=torch.zeros(9)), "conv1.weight of shape (9,)"),
    "incomplete": (
        tensors(layers__1__self_attn__q_proj__weight=None),
        "lacks layers.1.attention.q_proj.weight",
    ),
    "more": (
        tensors(layers__1__lora__weight=torch.zeros(9)), "has unexpected layers.1.lora.weight"
    ),
    "other shape": (
        tensors(conv2__weight=torch.zeros(64, 64, 5)), "conv2.weight is (64, 64, 5), not"
    ),
    "integers": (
        tensors(conv2__bias=torch.zeros(64, dtype=torch.int64)), "conv2.bias is torch.int64"
    ),
}  # fmt: skip


def refused(path: Path) -> str:
    with pytest.raises((CheckpointError, FileNotFoundError)) as caught:
        whisper.load_model(str(path))
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "; " in message, "how to fix it"
    assert "none at all" not in message, "there are no weights of its own"
    assert "\n" not in message
    return message


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_bad_folder_is_refused_in_one_line(kind: str, folder: Path, tmp_path: Path) -> None:
    spoil, words = FOLDERS[kind]
    shutil.copytree(folder, tmp_path / "copy")
    spoil(tmp_path / "copy")
    assert words in refused(tmp_path / "copy")


FILES = {
    "missing": "there is no such checkpoint; give another path",
    "without config": "no config.json next to it",
    "other model": "is no Whisper checkpoint: lacks encoder.layers (transformers) and dims",
    "state alone": "has the names of OpenAI's Whisper, but not its dims",
    "no dims": "its dims are 'base', no sizes",
    "lacking dims": "n_audio_head is None, which does not divide 64",
    "other dims": "n_audio_layer is 6, and the weights are of 3",
    "incomplete": "WhisperEncoder: lacks layers.2.attention.k_proj.weight; give",
    "decoder alone": "lacks conv1.weight",
    "no tensors": "does not hold a state dict",
    "truncated": "may be truncated",
    "code": "pickled code",
}


@pytest.mark.parametrize("kind", FILES)
def test_a_bad_file_is_refused_in_one_line(
    kind: str, openai: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.pt"
    state, dims = openai["model_state_dict"], openai["dims"]
    key = "encoder.blocks.2.attn.key.weight"
    contents: dict[str, Any] = {
        "other model": {"conv.weight": torch.zeros(3)},
        "state alone": state,
        "no dims": {**openai, "dims": "base"},
        "lacking dims": {**openai, "dims": {n: dims[n] for n in dims if n != "n_audio_head"}},
        "other dims": {**openai, "dims": {**dims, "n_audio_layer": 6}},
        "incomplete": {**openai, "model_state_dict": {n: state[n] for n in state if n != key}},
        "decoder alone": {**openai, "model_state_dict": {"decoder.ln.weight": torch.zeros(64)}},
        "no tensors": {**openai, "model_state_dict": [1]},
        "truncated": openai,
        "code": {**openai, "more": torch.nn.Linear(2, 2)},
    }
    if kind in contents:
        torch.save(contents[kind], path)
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[:5000])
    elif kind == "without config":
        path = tmp_path / "model.safetensors"
        shutil.copy(folder / "model.safetensors", path)
    assert FILES[kind] in refused(path)


def test_other_baselines_say_whose_it_is(openai: dict[str, Any], tmp_path: Path) -> None:
    torch.save(openai, tmp_path / "tiny.pt")
    with pytest.raises(CheckpointError, match=r"OpenAI's Whisper; give it to hearbaseline"):
        wav2vec2.load_model(str(tmp_path / "tiny.pt"))
