"""The mel baseline against an independent computation, and against the contract."""

import copy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch._subclasses.fake_tensor import FakeTensorMode

import hearbaseline
from hearbaseline import mel

from ..conftest import Recordings

MODEL = mel.load_model()


def reference(
    audio: NDArray[np.float32], projection: NDArray[np.float64], hop: int
) -> NDArray[np.float64]:
    """Embeddings of one sound in float64, by librosa's filter bank."""
    padded = np.pad(audio.astype(np.float64), 2048)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 4096)[::hop]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(4096) / 4096)
    power = np.abs(np.fft.rfft(frames * window)) ** 2
    librosa = pytest.importorskip("librosa")
    bands = librosa.filters.mel(sr=44100, n_fft=4096, n_mels=256, dtype=np.float64)
    return np.asarray(np.log(power @ bands.T + 1e-4) @ projection)


def original_projection() -> torch.Tensor:
    """The matrix that the original package draws."""
    before = torch.get_rng_state()
    torch.manual_seed(0)
    drawn: torch.Tensor = torch.rand(256, 4096) / 256**0.5
    torch.set_rng_state(before)
    return drawn


def relative_error(seen: torch.Tensor, expected: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(seen.numpy() - expected) / np.linalg.norm(expected))


def test_embeddings_equal_an_independent_computation(recordings_44100: Recordings) -> None:
    projection = original_projection().double().numpy()
    for name, audio in recordings_44100.items():
        batch = torch.from_numpy(audio)[None]
        embeddings, timestamps = hearbaseline.get_timestamp_embeddings(batch, MODEL)
        expected = reference(audio, projection, 2205)
        assert embeddings.shape == (1, *expected.shape), name
        assert relative_error(embeddings[0], expected) < 1e-5, name
        assert torch.equal(timestamps[0], torch.arange(len(expected)) * 50.0), name
        scene = hearbaseline.get_scene_embeddings(batch, MODEL)
        assert relative_error(scene[0], reference(audio, projection, 11025).mean(0)) < 1e-5, name


def test_a_state_dict_of_the_original_package_gives_the_same(
    tmp_path: Path, recordings_44100: Recordings
) -> None:
    librosa = pytest.importorskip("librosa")
    state = {
        "window": torch.hann_window(4096),
        "mel_scale": torch.from_numpy(librosa.filters.mel(sr=44100, n_fft=4096, n_mels=256)),
        "projection": original_projection(),
    }
    torch.save(state, tmp_path / "naive_baseline.pt")
    original = mel.load_model(str(tmp_path / "naive_baseline.pt"))
    audio = torch.from_numpy(recordings_44100["speech_numbers"])[None]
    expected = mel.get_scene_embeddings(audio, original).double().numpy()
    assert relative_error(mel.get_scene_embeddings(audio, MODEL), expected) < 1e-5


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 3), st.one_of(st.integers(1, 5000), st.integers(1, 30 * 44100)))
def test_any_length_and_batch(n_sounds: int, n_samples: int) -> None:
    audio = torch.randn(n_sounds, n_samples) * 0.1
    before = audio.clone()
    embeddings, timestamps = mel.get_timestamp_embeddings(audio, MODEL)
    n_frames = n_samples // 2205 + 1
    assert embeddings.shape == (n_sounds, n_frames, MODEL.timestamp_embedding_size)
    assert timestamps.shape == (n_sounds, n_frames)
    assert embeddings.dtype == timestamps.dtype == torch.float32
    scene = mel.get_scene_embeddings(audio, MODEL)
    assert scene.shape == (n_sounds, MODEL.scene_embedding_size)
    assert not scene.requires_grad
    assert not embeddings.requires_grad
    assert torch.equal(audio, before)
    alone = mel.get_scene_embeddings(audio[-1:], MODEL)
    assert relative_error(scene[-1:], alone.double().numpy()) < 1e-6
    alone, _ = mel.get_timestamp_embeddings(audio[-1:], MODEL)
    assert relative_error(embeddings[-1:], alone.double().numpy()) < 1e-6


def test_any_filter_bank_is_computed_in_full() -> None:
    model = mel.MelProjection()
    bands = torch.rand(256, 2049)
    bands[:64] = 0
    bands[64:, 2000:] = 0
    model.load_state_dict({**MODEL.state_dict(), "mel_scale": bands})
    frames = torch.randn(3, 4096)
    power = torch.fft.rfft(frames * model.window).abs() ** 2
    expected = torch.log(power @ bands.T + 1e-4).double().numpy()
    assert relative_error(model(frames), expected) < 1e-6


@pytest.mark.usefixtures("fake_cuda")
def test_no_value_is_read_back_from_a_gpu() -> None:
    model = copy.deepcopy(MODEL)
    with FakeTensorMode():
        for name, buffer in MODEL.named_buffers():
            setattr(model, name, torch.empty(buffer.shape, device="cuda"))
        audio = torch.empty(2, 44100, device="cuda")
        embeddings, timestamps = mel.get_timestamp_embeddings(audio, model)
        scene = mel.get_scene_embeddings(audio, model)
    assert embeddings.shape == (2, 21, 4096)
    assert {t.device.type for t in (embeddings, timestamps, scene)} == {"cuda"}


def test_silence_is_finite_and_slices_are_welcome() -> None:
    silent = mel.get_scene_embeddings(torch.zeros(1, 44100), MODEL)
    assert torch.isfinite(silent).all()
    wide = torch.randn(2, 50000) * 0.1
    view = wide[:, 100:44200:2]
    expected, _ = mel.get_timestamp_embeddings(view.contiguous(), MODEL)
    assert torch.equal(mel.get_timestamp_embeddings(view, MODEL)[0], expected)


@pytest.mark.parametrize("bad", [torch.zeros(5), torch.zeros(1, 0), torch.zeros(1, 9).short()])
def test_bad_audio_is_refused(bad: torch.Tensor) -> None:
    for function in (mel.get_timestamp_embeddings, mel.get_scene_embeddings):
        with pytest.raises(ValueError, match="float32 tensor of shape"):
            function(bad, MODEL)


def test_global_state_is_left_alone() -> None:
    rng, threads = torch.get_rng_state(), torch.get_num_threads()
    model = mel.load_model()
    mel.get_timestamp_embeddings(torch.zeros(1, 100), model)
    mel.get_scene_embeddings(torch.zeros(1, 100), model)
    assert torch.equal(torch.get_rng_state(), rng)
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() is torch.float32


@pytest.mark.parametrize(
    ("package", "absent"),
    [
        ("hearbaseline", ["torchaudio", "librosa", "torchcrepe", "soundfile", "soxr"]),
        ("hearbaseline.crepe", ["torchaudio", "librosa", "torchcrepe"]),
        ("validator", ["torch", "torchaudio", "librosa", "torchcrepe", "rich"]),
        ("validator.cli", ["torch", "soxr", "rich"]),
    ],
)
def test_heavy_imports_are_lazy(package: str, absent: list[str]) -> None:
    code = f"import sys, {package}; print(*set({absent!r}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
