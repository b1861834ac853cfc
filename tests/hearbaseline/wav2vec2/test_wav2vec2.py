"""The wav2vec 2.0 baseline: the contract, timestamps, and what a sound's embedding depends on."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hearbaseline import wav2vec2
from hearbaseline.wav2vec2.checkpoint import save_checkpoint

from .models import KINDS, LONG, error, random_network, recordings

# Of one sound alone to the same in a batch: only the order of summation differs.
BATCH = 1e-5


@pytest.fixture(scope="module", params=KINDS)
def model(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> wav2vec2.Wav2Vec2:
    return small(request.param, tmp_path_factory.mktemp("checkpoint"))


def small(kind: str, folder: Path) -> wav2vec2.Wav2Vec2:
    """A model of random weights, loaded from its checkpoint."""
    config = KINDS[kind]
    save_checkpoint(folder / "own.safetensors", random_network(config).state_dict(), config)
    return wav2vec2.load_model(str(folder / "own.safetensors"))


def noise(n_sounds: int, n_samples: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n_sounds, n_samples, generator=generator) * 2 - 1


def embed(audio: Tensor, model: wav2vec2.Wav2Vec2) -> Tensor:
    return wav2vec2.get_timestamp_embeddings(audio, model)[0]


def test_the_bundled_model_carries_what_the_contract_asks() -> None:
    model = wav2vec2.load_model()
    assert isinstance(model, torch.nn.Module)
    assert not model.training
    facts = (model.sample_rate, model.scene_embedding_size, model.timestamp_embedding_size)
    assert all(type(fact) is int for fact in facts)
    assert model.sample_rate == 16000
    hop_ms = model.geometry.stride * 1000 / model.sample_rate
    assert hop_ms == wav2vec2.TIMESTAMP_HOP_MS == wav2vec2.SCENE_HOP_MS
    audio = noise(2, 8000)
    assert embed(audio, model).shape[2] == model.timestamp_embedding_size
    assert wav2vec2.get_scene_embeddings(audio, model).shape == (2, model.scene_embedding_size)


def test_timestamps_are_the_centres_of_the_receptive_fields(model: wav2vec2.Wav2Vec2) -> None:
    _, timestamps = wav2vec2.get_timestamp_embeddings(noise(2, 16000), model)
    assert timestamps.dtype == torch.float32
    assert timestamps.tolist() == [[12.5 + 20 * k for k in range(49)]] * 2
    # What the extractor hears: 200 samples to each side of the centre, and not one more.
    audio = noise(1, 16000)
    folded = model.extractor(audio).folded
    for k, sample in (
        (20, 20 * 320),
        (20, 20 * 320 + 399),
        (20, 20 * 320 - 1),
        (20, 20 * 320 + 400),
    ):
        changed = audio.clone()
        changed[0, sample] += 0.1
        seen, before = model.extractor(changed), model.extractor(audio)
        seen.folded = before.folded = folded
        seen.sounds, before.sounds = changed, audio
        differs = bool((seen.frames(k, k + 1) != before.frames(k, k + 1)).any())
        assert differs == (abs(sample + 0.5 - timestamps[0, k].item() * 16) < 200)


def test_timestamps_do_not_drift_over_twenty_minutes(model: wav2vec2.Wav2Vec2) -> None:
    timestamps = model.geometry.timestamps(20 * 60 * 16000, 16000)
    assert len(timestamps) == 59999
    assert timestamps[-1].item() == 12.5 + 20 * 59998


@pytest.mark.parametrize("n_samples", [1, 2, 100, 399, 400, 719, 720])
def test_short_sounds_are_centred_in_a_receptive_field(
    n_samples: int, model: wav2vec2.Wav2Vec2
) -> None:
    audio = noise(3, n_samples)
    embeddings, timestamps = wav2vec2.get_timestamp_embeddings(audio, model)
    n_frames = 2 if n_samples == 720 else 1
    assert embeddings.shape == (3, n_frames, 128)
    assert embeddings.isfinite().all()
    centre = min(n_samples // 2, 200) / 16
    assert timestamps.tolist() == [[centre + 20 * k for k in range(n_frames)]] * 3


@pytest.mark.parametrize("n_samples", [1, 200, 319, 320, 639, 640, 16000])
@torch.no_grad()
def test_sounds_begin_and_end_within_long_frames(n_samples: int, tmp_path: Path) -> None:
    """The frames are those of the sound between zeros, and centred in their own 20 ms."""
    network = random_network(LONG)
    save_checkpoint(tmp_path / "long.safetensors", network.state_dict(), LONG)
    model = wav2vec2.load_model(str(tmp_path / "long.safetensors"))
    audio = noise(2, n_samples)
    embeddings, timestamps = wav2vec2.get_timestamp_embeddings(audio, model)
    n_frames = max(1, n_samples // 320)
    centre = min(n_samples // 2, 160)
    assert timestamps.tolist() == [[centre / 16 + 20 * k for k in range(n_frames)]] * 2
    normed = (audio - audio.mean(dim=1, keepdim=True)) / (
        audio.var(dim=1, keepdim=True, correction=0) + 1e-7
    ).sqrt()
    field = 1180
    before = field // 2 - centre
    after = field + (n_frames - 1) * 320 - n_samples - before
    expected = network(torch.nn.functional.pad(normed, (before, after)))
    assert error(embeddings, expected) < 1e-5


@settings(max_examples=25, deadline=None)
@given(n_sounds=st.integers(1, 4), n_samples=st.integers(1, 24000))
def test_any_length_and_batch_has_the_contracts_shapes(n_sounds: int, n_samples: int) -> None:
    model, audio = wav2vec2.load_model(), noise(n_sounds, n_samples)
    embeddings, timestamps = wav2vec2.get_timestamp_embeddings(audio, model)
    n_frames = max(1, n_samples // 320)
    assert embeddings.shape == (n_sounds, n_frames, model.timestamp_embedding_size)
    assert embeddings.dtype == timestamps.dtype == torch.float32
    assert timestamps.shape == (n_sounds, n_frames)
    assert float(timestamps.max()) <= n_samples / 16


def test_embeddings_do_not_depend_on_the_batch(
    model: wav2vec2.Wav2Vec2, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wav2vec2, "CPU_FRAMES", 200)
    sounds = recordings(1.1, count=5)
    sounds = [sound for sound in sounds if sound.shape[1] == 17600]
    sounds += [0.001 * sounds[0], torch.zeros_like(sounds[0]), sounds[1].flip(1)]
    batch = embed(torch.cat(sounds), model)
    scenes = wav2vec2.get_scene_embeddings(torch.cat(sounds), model)
    for row, sound in enumerate(sounds):
        alone = embed(sound, model)
        assert error(batch[row : row + 1], alone) < BATCH
        assert error(scenes[row : row + 1], alone.mean(dim=1)) < BATCH


def test_silence_is_finite_and_inputs_stay_as_they_are(model: wav2vec2.Wav2Vec2) -> None:
    audio = torch.cat([torch.zeros(1, 8000), torch.full((1, 8000), 0.25), noise(1, 8000)])
    before = audio.clone()
    assert embed(audio, model).isfinite().all()
    assert torch.equal(audio, before)


def test_only_a_normalising_model_is_deaf_to_loudness(model: wav2vec2.Wav2Vec2) -> None:
    (audio, *_) = recordings(1)
    change = error(embed(0.5 * audio + 0.01, model), embed(audio, model))
    assert (change < 1e-3) == model.normalise


def test_embeddings_can_train_what_comes_after(model: wav2vec2.Wav2Vec2) -> None:
    probe = torch.nn.Linear(128, 1)
    probe(wav2vec2.get_scene_embeddings(noise(1, 4000), model)).sum().backward()
    assert probe.weight.grad is not None


def test_layers_after_the_chosen_one_are_not_computed(model: wav2vec2.Wav2Vec2) -> None:
    audio = noise(1, 8000)
    expected = model.hidden_states(audio)[1]
    model.layer = 1
    later = model.encoder.transformer.layers[1]
    hook = later.register_forward_hook(lambda *_: pytest.fail("computed a later layer"))
    try:
        assert torch.equal(embed(audio, model), expected)
    finally:
        hook.remove()
        model.layer = model.n_layers


@pytest.mark.parametrize(
    "audio",
    [torch.zeros(16000), torch.zeros(1, 0), torch.zeros(1, 100, dtype=torch.int16)],
    ids=["1-D", "empty", "integer"],
)
def test_audio_that_breaks_the_contract_is_refused(audio: Tensor, model: wav2vec2.Wav2Vec2) -> None:
    for function in (wav2vec2.get_scene_embeddings, wav2vec2.get_timestamp_embeddings):
        with pytest.raises(ValueError, match="audio must be a float32 tensor"):
            function(audio, model)


def test_loading_and_embedding_need_neither_torchaudio_nor_transformers() -> None:
    code = """
import sys, torch
sys.modules["torchaudio"] = sys.modules["transformers"] = None  # importing them fails
from hearbaseline import wav2vec2
print(wav2vec2.get_scene_embeddings(torch.zeros(1, 16000), wav2vec2.load_model()).shape)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "torch.Size([1, 768])\n"
