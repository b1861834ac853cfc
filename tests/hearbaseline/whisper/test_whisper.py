"""The Whisper baseline with random weights: the contract, timestamps, lengths, batches."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from hearbaseline import whisper
from hearbaseline.whisper import Whisper
from hearbaseline.whisper.encoder import HOP, Sizes, WhisperEncoder

# Windows of 1.2 s: 60 frames, of which 10 are context on either side.
SMALL = Sizes(n_mels=80, size=64, n_heads=2, n_layers=2, between=96, n_positions=60)
WINDOW = SMALL.n_positions * HOP


def random_model(seed: int = 0) -> Whisper:
    torch.manual_seed(seed)
    return Whisper(WhisperEncoder(SMALL)).eval()


@pytest.fixture(name="model", scope="module")
def fixture_model() -> Whisper:
    return random_model()


def noise(*shape: int) -> Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def embed(audio: Tensor, model: Whisper) -> Tensor:
    return whisper.get_timestamp_embeddings(audio, model)[0]


def test_the_model_carries_what_the_contract_asks() -> None:
    model = Whisper(WhisperEncoder())  # of the size of `base`
    facts = (model.sample_rate, model.scene_embedding_size, model.timestamp_embedding_size)
    assert all(type(fact) is int for fact in facts)
    assert facts == (16000, 512, 512)
    assert 1000 * HOP / 16000 == whisper.TIMESTAMP_HOP_MS == whisper.SCENE_HOP_MS
    assert model.n_positions * HOP == 30 * 16000
    published = 20_590_592  # without the bias of the keys, which is zero
    assert sum(p.numel() for p in model.parameters()) == published + 6 * 512


@pytest.mark.parametrize(
    "n_samples", [1, 199, 200, 319, 320, 321, 640, 5000, WINDOW - 1, WINDOW, WINDOW + 1, 70000]
)
def test_lengths(n_samples: int, model: Whisper) -> None:
    audio = noise(2, n_samples)
    embeddings, timestamps = whisper.get_timestamp_embeddings(audio, model)
    n_frames = (n_samples - 1) // 320 + 1
    assert embeddings.shape == (2, n_frames, 64)
    assert embeddings.isfinite().all()
    assert timestamps.dtype == torch.float32
    assert timestamps.tolist() == [[20.0 * k for k in range(n_frames)]] * 2
    scenes = whisper.get_scene_embeddings(audio, model)
    torch.testing.assert_close(scenes, embeddings.mean(dim=1))


def test_frames_are_those_of_the_sound_padded_with_zeros(model: Whisper) -> None:
    audio = noise(2, 5000)
    padded = embed(F.pad(audio, (0, WINDOW - 5000)), model)
    torch.testing.assert_close(embed(audio, model), padded[:, :16])


def test_a_click_is_at_its_time() -> None:
    """What it changes of the transformer's input is centred on it."""
    audio = noise(1, WINDOW).repeat(2, 1)
    audio[1, 9600 - 8 : 9600 + 8] = 0.5
    centres = []
    for seed in range(16):
        silence, click = random_model(seed).hidden_states(audio)[0]
        change = (click - silence).square().sum(dim=1)
        centres.append(change @ torch.arange(60.0) / change.sum())
    assert float(torch.stack(centres).mean()) == pytest.approx(9600 / HOP, abs=0.05)


@pytest.mark.parametrize("n_frames", [61, 100, 101, 137])
def test_long_sounds_are_windows_that_are_sounds_of_their_own(
    n_frames: int, model: Whisper
) -> None:
    audio = noise(2, n_frames * HOP - 7)
    seen = embed(audio, model)
    kept = 0
    for first in [*range(0, n_frames - 60, 40), n_frames - 60]:
        window = embed(audio[:, first * HOP : (first + 60) * HOP], model)
        end = n_frames if first == n_frames - 60 else first + 50
        torch.testing.assert_close(seen[:, kept:end], window[:, kept - first : end - first])
        kept = end
    assert kept == n_frames


def test_a_sound_does_not_depend_on_its_neighbours(
    model: Whisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = noise(5, 30000) * torch.tensor([1, 0.1, 0, 0.5, 0.01])[:, None]
    alone = torch.cat([embed(one[None], model) for one in audio])
    for frames in (1500, 120, 1):
        monkeypatch.setattr(whisper, "CPU_FRAMES", frames)
        torch.testing.assert_close(embed(audio, model), alone, atol=1e-5, rtol=0)


def test_silence_is_finite_and_inputs_stay_as_they_are(model: Whisper) -> None:
    audio = torch.cat([torch.zeros(1, 8000), torch.full((1, 8000), 0.25), noise(1, 8000)])
    before = audio.clone()
    assert embed(audio, model).isfinite().all()
    assert torch.equal(audio, before)


def test_layers_after_the_chosen_one_are_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model()
    audio = noise(1, 8000)
    expected = model.hidden_states(audio)[1]
    model.layer = 1
    monkeypatch.setattr(model.encoder.layers[1], "before_attention", pytest.fail)
    torch.testing.assert_close(embed(audio, model), expected)


def test_the_encoder_itself_refuses_what_it_would_cut(model: Whisper) -> None:
    for call in (model, model.hidden_states):
        with pytest.raises(ValueError, match="19201 samples, more than the 19200 that"):
            call(torch.zeros(1, WINDOW + 1))


def test_embeddings_can_train_what_comes_after(model: Whisper) -> None:
    probe = torch.nn.Linear(64, 1)
    probe(whisper.get_scene_embeddings(noise(1, 4000), model)).sum().backward()
    assert probe.weight.grad is not None


@pytest.mark.parametrize(
    "audio",
    [torch.zeros(16000), torch.zeros(1, 0), torch.zeros(1, 100, dtype=torch.int16)],
    ids=["1-D", "empty", "integer"],
)
def test_audio_that_breaks_the_contract_is_refused(audio: Tensor, model: Whisper) -> None:
    for function in (whisper.get_scene_embeddings, whisper.get_timestamp_embeddings):
        with pytest.raises(ValueError, match="audio must be a float32 tensor"):
            function(audio, model)
