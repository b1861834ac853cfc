"""The general baseline with random weights: shapes, centres, lengths, batches, checkpoints."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from hearbaseline import _windows, general
from hearbaseline._checkpoint import CheckpointError
from hearbaseline.general.layers import (
    HARMONICS,
    Salience,
    distance,
    doubled,
    over_octaves,
    partials,
    surroundings,
)
from hearbaseline.general.network import Network, Sizes

SMALL = Sizes(first=16, local=16, deep=64, n_local=1, n_deep=2, local_between=16, deep_between=16)


@pytest.fixture(name="checkpoint", scope="module")
def fixture_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("general") / "small.safetensors"
    save_file({name: t.half() for name, t in Network(SMALL).state_dict().items()}, path)
    return path


@pytest.fixture(name="model", scope="module")
def fixture_model(checkpoint: Path) -> general.General:
    return general.load_model(str(checkpoint))


def noise(*shape: int) -> torch.Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def test_sizes_follow_from_the_tensors(model: general.General) -> None:
    assert model.network.sizes == SMALL
    assert (model.timestamp_embedding_size, model.scene_embedding_size) == (176, 1576)


@pytest.mark.parametrize("n_samples", [1, 159, 160, 319, 320, 321, 640, 5000, 16000])
def test_lengths(model: general.General, n_samples: int) -> None:
    audio = noise(2, n_samples)
    frames, times = general.get_timestamp_embeddings(audio, model)
    assert frames.shape == (2, n_samples // 320 + 1, 176)
    assert times[1].tolist() == [20.0 * k for k in range(n_samples // 320 + 1)]
    assert frames.isfinite().all()
    assert general.get_scene_embeddings(audio, model).isfinite().all()


def test_a_click_is_at_its_time() -> None:
    """What it changes of silence is centred on it, where random kernels are so on average."""
    audio = torch.zeros(2, 16000)
    audio[1, 8000 - 20 : 8000 + 20] = 0.5
    centres = []
    for seed in range(16):
        torch.manual_seed(seed)
        silence, click = general.General(SMALL)(audio).local
        change = (click - silence).square().sum(dim=1)
        centres.append(change @ torch.arange(51.0) / change.sum())
    assert float(torch.stack(centres).mean()) == pytest.approx(25.0, abs=0.2)


def test_a_sound_does_not_depend_on_its_neighbours(
    model: general.General, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = noise(5, 8000) * torch.tensor([1, 0.1, 0, 0.5, 0.01])[:, None]
    alone = torch.cat([general.get_scene_embeddings(one[None], model) for one in audio])
    torch.testing.assert_close(general.get_scene_embeddings(audio, model), alone, atol=1e-5, rtol=0)
    monkeypatch.setattr(general, "CPU_FRAMES", 60)
    torch.testing.assert_close(general.get_scene_embeddings(audio, model), alone, atol=1e-5, rtol=0)


def test_long_sounds_are_windowed_in_attention_alone(
    model: general.General, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = noise(1, 6 * 16000)
    whole = model(audio)
    for name, frames in (("WHOLE", 60), ("WINDOW", 60), ("CONTEXT", 20)):
        monkeypatch.setattr(_windows, name, frames)
    windowed = model(audio)
    torch.testing.assert_close(windowed.local, whole.local)
    error = (windowed.deep - whole.deep).norm() / whole.deep.norm()
    assert 0 < error < 0.2


def test_frames_between_two_are_their_mean() -> None:
    x = torch.tensor([[[0.0], [2.0], [6.0]]])
    assert doubled(x, 5).flatten().tolist() == [0, 1, 2, 4, 6]
    assert doubled(x, 6).flatten().tolist() == [0, 1, 2, 4, 6, 6]


def test_partials_of_a_note_are_moved_into_its_band() -> None:
    long = torch.zeros(1, 192)
    fundamental = 60
    for k, harmonic in enumerate(HARMONICS):
        long[0, fundamental + distance(harmonic)] = (k + 1) / 10
    moved = partials(long - 0.05, long)
    assert moved.shape == (1, 16, 1, 192)
    above, level = moved[0, :, 0, fundamental].view(-1, 2).T
    torch.testing.assert_close(level, torch.arange(1, 9) / 10)
    torch.testing.assert_close(above, level - 0.05)
    # Beyond the spectrogram there is silence, an octave below and above alike.
    assert moved[0, :2, 0, :24].count_nonzero() == 0
    assert moved[0, 6:8, 0, -24:].count_nonzero() == 0


def test_surroundings_are_the_mean_of_an_octave_or_what_there_is_of_it() -> None:
    bands = torch.arange(40.0)
    around = bands @ surroundings(40, 25)
    assert around[:2].tolist() == pytest.approx([6.0, 6.5])  # of bands 0 to 12, and 0 to 13
    assert around[[20, 39]].tolist() == pytest.approx([20.0, 33.0])


def test_a_pitch_class_is_the_largest_of_its_octaves() -> None:
    notes = torch.zeros(2, 96)
    notes[0, [3, 15, 40]] = torch.tensor([1.0, 2.0, 5.0])  # C, C, and C sharp
    assert over_octaves(notes).tolist() == [[0, 0, 0, 2, 5, 0, 0, 0, 0, 0, 0, 0], [0] * 12]


def test_a_note_is_treated_as_the_one_an_octave_above() -> None:
    torch.manual_seed(0)
    long = torch.zeros(1, 192)
    long[0, 80:90] = torch.rand(10)
    salience = Salience()
    low, high = salience(torch.cat([long, long.roll(24, dims=1)]))
    torch.testing.assert_close(low[30:50], high[42:62])


def test_notes_are_the_same_with_and_without_a_gradient() -> None:
    """In inference the convolutions and what follows them are one operator."""
    torch.manual_seed(0)
    salience, long = Salience(), torch.rand(20, 192)
    with torch.no_grad():
        fused = salience(long)
    torch.testing.assert_close(fused, salience(long).detach(), atol=1e-5, rtol=0)


def test_checkpoints_of_something_else(checkpoint: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    state = load_file(checkpoint)
    cases = {
        "lacks first.dense.weight": {"a": torch.zeros(1)},
        "lacks salience.last.bias": {k: v for k, v in state.items() if k != "salience.last.bias"},
        "second.dense.weight is": {**state, "second.dense.weight": torch.zeros(16, 5)},
    }
    for said, wrong in cases.items():
        save_file(wrong, tmp_path / "wrong.safetensors")
        with pytest.raises(CheckpointError, match=said):
            general.load_model(str(tmp_path / "wrong.safetensors"))
    with pytest.raises(FileNotFoundError, match="no such checkpoint"):
        general.load_model(str(tmp_path / "none.safetensors"))


def test_weights_are_what_the_file_says(checkpoint: Path, model: general.General) -> None:
    from safetensors.torch import load_file

    state = load_file(checkpoint)
    loaded = model.network.state_dict()
    assert state.keys() == loaded.keys()
    for name, tensor in state.items():
        assert torch.equal(loaded[name], tensor.float())
