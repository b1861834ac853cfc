"""Long sounds pass through wav2vec 2.0 in windows."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from hearbaseline import _windows as module
from hearbaseline import wav2vec2
from hearbaseline._windows import CONTEXT, WHOLE, WINDOW, Window, transform, windows

from .models import KINDS, error, recordings
from .test_wav2vec2 import embed, small


@pytest.fixture(scope="module", params=KINDS)
def model(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> wav2vec2.Wav2Vec2:
    return small(request.param, tmp_path_factory.mktemp("checkpoint"))


def long_recording(seconds: float) -> Tensor:
    """Real recordings one after another, shape (1, n_samples)."""
    sounds = torch.cat([sound[0] for sound in recordings(10, count=17)])
    n_samples = int(seconds * 16000)
    return sounds.repeat(n_samples // len(sounds) + 1)[None, :n_samples]


@given(n_frames=st.integers(1, 100000))
def test_windows_keep_each_frame_once_and_show_it_its_context(n_frames: int) -> None:
    kept = 0
    for window in windows(n_frames, WINDOW, CONTEXT):
        attended = window.attended
        assert attended.stop - attended.start == min(WINDOW, n_frames)
        assert attended.start <= window.kept.start == kept < window.kept.stop <= attended.stop
        assert attended.start == 0 or window.kept.start - attended.start >= CONTEXT
        assert attended.stop == n_frames or attended.stop - window.kept.stop >= CONTEXT
        kept = window.kept.stop
    assert kept == n_frames


def unwindowed(audio: Tensor, model: wav2vec2.Wav2Vec2) -> list[Tensor]:
    """Hidden states with attention from each frame to all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "WHOLE", 10**9)
        return model.hidden_states(audio)


def test_thirty_seconds_are_exactly_the_unwindowed_model(model: wav2vec2.Wav2Vec2) -> None:
    audio = long_recording(30.02)
    assert model.geometry.count(audio.shape[1]) == WHOLE
    assert torch.equal(embed(audio, model), unwindowed(audio, model)[-1])


def test_a_window_of_all_frames_is_the_layer_itself(
    model: wav2vec2.Wav2Vec2, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer: Any = model.encoder.transformer.layers[0]
    x = model.hidden_states(long_recording(4))[0]
    expected = transform(layer, x).detach()

    def everything(n_frames: int, *_: int) -> list[Window]:
        half, whole = n_frames // 2, slice(0, n_frames)
        return [Window(whole, slice(0, half)), Window(whole, slice(half, n_frames))]

    monkeypatch.setattr(module, "WHOLE", x.shape[1] - 1)
    monkeypatch.setattr(module, "windows", everything)
    assert error(transform(layer, x).detach(), expected) < 1e-5


def test_only_attention_is_windowed(
    model: wav2vec2.Wav2Vec2, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = long_recording(15)
    whole = unwindowed(audio, model)
    for name, frames in (("WHOLE", 300), ("WINDOW", 300), ("CONTEXT", 100)):
        monkeypatch.setattr(module, name, frames)
    windowed = model.hidden_states(audio)
    assert torch.equal(windowed[0], whole[0])
    assert 0 < error(windowed[1], whole[1]) < 1


def test_sounds_of_a_batch_are_windowed_as_alone(model: wav2vec2.Wav2Vec2) -> None:
    audio = long_recording(64).reshape(2, -1)
    batch = embed(audio, model)
    for row in range(2):
        assert error(batch[row : row + 1], embed(audio[row : row + 1], model)) < 1e-5


def test_the_bundled_weights_are_as_far_from_the_whole_as_their_card_says() -> None:
    model, audio = wav2vec2.load_model(), long_recording(60)
    errors = [
        error(seen, expected)
        for seen, expected in zip(model.hidden_states(audio), unwindowed(audio, model), strict=True)
    ]
    assert errors[0] == 0
    assert 0 < errors[1] < 0.06
    assert max(errors[:4]) < 0.09
    assert errors[4] < 0.21
