"""Long, damaged and odd audio files."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from hearbaseline.embed import sounds
from hearbaseline.embed.errors import UnreadableError

from .conftest import AUDIO
from .embed.conftest import write_tone


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_reading_in_blocks_changes_no_sample(monkeypatch: pytest.MonkeyPatch, rate: int) -> None:
    monkeypatch.setattr(sounds, "_BLOCK", 1000)
    for path in AUDIO.glob("*.flac"):
        samples, native = soundfile.read(path, dtype="float32", always_2d=True)
        mono = samples.mean(axis=1, dtype=np.float32)
        expected = soxr.resample(mono, native, rate, quality="VHQ")
        assert np.array_equal(sounds.load(path, rate).audio, expected)


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [("ogg", "VORBIS"), ("opus", "OPUS"), ("mp3", None), ("wav", "MS_ADPCM"), ("wav", "PCM_24")],
)
def test_every_decoder_gives_what_it_gives_in_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, subtype: str | None
) -> None:
    rates = np.random.default_rng(0).uniform(0, 0.5, 48000)
    path = tmp_path / f"a.{suffix}"
    container = "OGG" if suffix == "opus" else None
    soundfile.write(path, 0.5 * np.sin(np.cumsum(rates)), 48000, subtype, format=container)
    whole, _ = soundfile.read(path, dtype="float32")
    monkeypatch.setattr(sounds, "_BLOCK", 1000)
    assert np.array_equal(sounds.load(path, 48000).audio, whole)


def test_samples_at_the_models_rate_are_untouched(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, 5000).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    assert np.array_equal(sounds.load(tmp_path / "a.wav", 16000).audio, samples)


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_the_mix_is_the_mean_of_all_channels(tmp_path: Path, channels: int) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, (5000, channels))
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    audio = sounds.load(tmp_path / "a.wav", 16000).audio
    assert np.abs(audio - samples.mean(axis=1)).max() < 2e-7


def test_resampling_folds_nothing_back(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 10000 * np.arange(44100) / 44100)
    soundfile.write(tmp_path / "a.wav", tone, 44100, subtype="FLOAT")
    audio = sounds.load(tmp_path / "a.wav", 16000).audio
    assert np.abs(audio[1600:-1600]).max() < 1e-6


def test_an_mp3_that_was_cut_tells_how_much_is_missing(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "a.mp3", 4.0, 44100)
    whole = sounds.load(path, 16000)
    assert whole.duration_s == whole.announced_s
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    cut = sounds.load(path, 16000)
    assert cut.announced_s == pytest.approx(whole.duration_s)
    assert cut.duration_s == pytest.approx(whole.duration_s / 2, abs=0.3)


def test_a_flac_that_was_cut_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes((AUDIO / "misc_crow.flac").read_bytes()[:5000])
    with pytest.raises(UnreadableError, match="cannot be read as audio"):
        sounds.load(path, 16000)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_sample_that_is_no_number_is_located(tmp_path: Path, value: float) -> None:
    samples = np.zeros((16000, 2), np.float32)
    samples[12000:, 1] = value
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    with pytest.raises(UnreadableError, match=r"a\.wav: .* NaN or infinite, .* 0\.750 s; skipped"):
        sounds.load(tmp_path / "a.wav", 44100)


def test_announced_length_of_what_is_no_audio_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no audio")
    assert sounds.announced_s(tmp_path / "a.wav") == 0
    assert sounds.announced_s(tmp_path / "gone.wav") == 0
    assert sounds.announced_s(write_tone(tmp_path / "b.wav", 0.5)) == 0.5
