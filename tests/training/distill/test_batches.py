"""What the student hears and is told: rendered notes, disturbances, and times that agree."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from training.distill import notes
from training.distill.augment import Disturbances, at_speed, disturbed, hide, mixed
from training.distill.batches import Crops, Lessons, Scale, between
from training.teachers.chunks import SAMPLES, Chunks
from training.teachers.kept import Kept, Layout, read

from ..phones.spoken import speak

LAYOUT = Layout(750, 2, first=0.02, hop=0.04)

UNDISTURBED = Disturbances(
    speed=1.0, equaliser=0, room=0, noise=0, mixture=0, narrow=0, bands=0, frames=0
)


@pytest.fixture(name="data", scope="module")
def fixture_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three chunks of noise that grows louder within each, heard by a teacher of loudness."""
    data = tmp_path_factory.mktemp("data")
    (data / "corpus").mkdir()
    random = np.random.default_rng(0)
    loudness = np.tile(np.linspace(10, 3000, SAMPLES), 3)
    np.save(
        data / "corpus" / "audio.npy", (random.normal(0, 1, 3 * SAMPLES) * loudness).astype("i2")
    )
    rows = [("speech", 0, SAMPLES), ("music", SAMPLES, SAMPLES), ("effects", 2 * SAMPLES, SAMPLES)]
    with (data / "corpus" / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("kind", "offset", "n_samples"))
        writer.writerows(rows)
    speak(data / "phones")
    kept = Kept(data / "teachers" / "ear", {"weights": "w"}, {"time": LAYOUT}, 3)
    for chunk in range(2):
        place = (np.arange(750) * 0.04 + 0.02) / 30
        kept.put(chunk, {"time": np.stack([place, 2 * chunk + 0 * place], axis=1)})
    return data


def test_a_rendered_note_is_the_one_that_its_label_names() -> None:
    random = np.random.default_rng(0)
    for midi in (33, 57, 81, 100):
        timbre = notes.Timbre.draw(random)
        timbre = notes.Timbre(
            **{
                **vars(timbre),
                "modulation": (0.0, 1.0),
                "stretch": 0.0,
                "vibrato": (0.0, 0.0),
                "noise": 60.0,
                "detuning": 0.0,
            }
        )
        sound = timbre.note(midi, 1.0, random)
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
        hertz = np.fft.rfftfreq(len(sound), 1 / 16000)
        peak = hertz[power.argmax()]
        partial = peak / (440 * 2 ** ((midi - 69) / 12))
        assert abs(partial / max(round(partial), 1) - 1) < 0.012


def test_pieces_begin_where_their_labels_say() -> None:
    for seed in range(8):
        piece = notes.render(32000, np.random.default_rng(seed))
        assert piece.notes.shape == (101, 96)
        assert 0.5 < np.abs(piece.audio).max() <= 1
        assert piece.onsets.any()
        power = np.square(piece.audio).reshape(100, 320).mean(axis=1)
        first = int(np.flatnonzero(power > power.max() * 1e-5)[0])
        assert abs(first - int(np.flatnonzero(piece.onsets)[0])) <= 2
        silent = np.logical_not(piece.notes.sum(axis=1))
        assert (piece.notes.sum(axis=1) <= 14).all()
        assert silent.all() or power[~silent[:100]].mean() > power[silent[:100]].mean() / 50


def test_the_same_seed_is_the_same_piece() -> None:
    first, again, other = (notes.render(16000, np.random.default_rng(k)) for k in (3, 3, 4))
    np.testing.assert_array_equal(first.audio, again.audio)
    assert np.abs(first.audio - other.audio).max() > 0.01


@pytest.mark.parametrize("speed", [0.8, 1.0, 1.25])
def test_a_faster_sound_is_higher_and_shorter(speed: float) -> None:
    times = np.arange(int(16000 * speed) + 1) / 16000
    sound = np.sin(2 * np.pi * 400 * times).astype(np.float32)
    faster = at_speed(sound, speed, 16000)
    assert len(faster) == 16000
    assert np.abs(np.fft.rfft(faster)).argmax() == pytest.approx(400 * speed, abs=1)
    assert np.abs(faster[15000:15900]).max() > 0.9


def test_times_agree_at_any_speed(data: Path) -> None:
    """The teacher tells how far into its chunk each frame is, and so does the loudness."""
    lessons = Lessons(data / "corpus", [data / "teachers" / "ear"], data / "phones")
    identity = Scale(np.zeros((750, 2), np.float32), np.ones(2, np.float32))
    lessons.scales = dict.fromkeys(lessons.scales, identity)
    crops = Crops((2.0,), 20.0, phones=0.2, notes=0.2, disturbances=UNDISTURBED)
    batch = lessons.batch(crops, (0, 1))
    heard_by, told = batch.targets["ear-time"]
    assert heard_by.tolist() == list(range(6))
    assert batch.audio.shape == (10, 32000)
    assert (told.shape, batch.notes.shape) == ((6, 101, 2), (2, 101, 96))
    # What is said comes after the crops: it is silent where it has no phone.
    assert batch.phones.shape == (2, 101)
    loudness = batch.audio[6:8].square().unfold(1, 320, 320).mean(dim=2)
    silent = batch.phones[:, :100] == 0
    assert loudness[~silent].mean() > 100 * loudness[silent].sum()
    power = batch.audio[:6].square().unfold(1, 6400, 6400).mean(dim=2).sqrt()
    heard = (power * 32768 - 10) / 2990
    expected = told[:, 10:101:20, 0]
    torch.testing.assert_close(heard, expected, atol=0.05, rtol=0.12)
    again = lessons.batch(crops, (0, 1))
    torch.testing.assert_close(again.audio, batch.audio, atol=0, rtol=0)
    # The third chunk was not heard.
    assert set(told[..., 1].flatten().tolist()) <= {0.0, 2.0}


def test_frames_between_frames() -> None:
    frames = np.array([[0.0], [1.0], [4.0]], np.float16)
    places = np.array([0.0, 0.5, 1.25, 2.0, 2.7])
    assert between(frames, places)[:, 0].tolist() == [0.0, 0.5, 1.75, 4.0, 4.0]


def test_features_are_standardised_at_each_place(data: Path) -> None:
    arrays, _, done = read(data / "teachers" / "ear")
    scale = Scale.kept(data / "scale.npz", arrays["time"], np.asarray(done))
    np.testing.assert_allclose(scale.mean[150], [0.2, 1.0], atol=1e-3)
    told = scale.standardised(arrays["time"][1], np.array([150.0, 350.5]))
    np.testing.assert_allclose(told[:, 1], 1.0, atol=1e-3)
    again = Scale.kept(data / "scale.npz", arrays["time"][:0], np.asarray(done)[:0])
    np.testing.assert_array_equal(again.mean, scale.mean)


def test_features_of_another_corpus_are_not_mixed(data: Path) -> None:
    with pytest.raises(ValueError, match="another corpus or other weights"):
        Kept(data / "teachers" / "ear", {"weights": "x"}, {"time": LAYOUT}, 3)


def test_any_beginning_has_each_kind(data: Path) -> None:
    chunks = Chunks(data / "corpus")
    assert chunks.kinds == ["speech", "music", "effects"]
    chunks.kinds = ["speech"] * 20 + ["music"] * 60
    chunks.count = 80
    first = chunks.order()[:20]
    assert len(set(chunks.order())) == 80
    assert 4 <= sum(chunk < 20 for chunk in first) <= 6


def test_disturbances_keep_length_and_time() -> None:
    random = np.random.default_rng(0)
    sounds = np.zeros((6, 16000), np.float32)
    sounds[:, 8000:8400] = random.normal(0, 0.3, (6, 400))
    always = Disturbances(equaliser=1, room=1, noise=1, mixture=0, narrow=1, noise_db=(30, 30))
    out = disturbed(sounds, sounds, always, random)
    assert out.shape == sounds.shape
    assert np.isfinite(out).all()
    assert np.abs(out - sounds).max() > 0.01
    envelope = np.square(out).reshape(6, 40, 400).mean(axis=2)
    assert np.isin(envelope.argmax(axis=1), [20, 21]).all()
    np.testing.assert_array_equal(disturbed(sounds, sounds, UNDISTURBED, random), sounds)


def test_a_mixture_has_its_level() -> None:
    one, other = np.ones(100, np.float32), np.full(100, 5.0, np.float32)
    np.testing.assert_allclose(mixed(one, other, 20.0), 1.1, rtol=1e-6)
    np.testing.assert_array_equal(mixed(one, 0 * other, 20.0), one)


def test_the_same_times_are_hidden_in_both_spectrograms() -> None:
    short, long = torch.ones(4, 201, 80), torch.ones(4, 101, 192)
    hide(short, long, Disturbances(bands=0), torch.Generator().manual_seed(0))
    hidden = (long == 0).all(dim=2)
    assert 0.02 < hidden.float().mean() < 0.3
    assert torch.equal((short[:, ::2] == 0).all(dim=2), hidden)
    hide(short, long, Disturbances(frames=0, bands=0.2), torch.Generator().manual_seed(0))
    assert (short == 0).all(dim=1).any()
