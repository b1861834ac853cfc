"""Audio files to mono samples at the model's rate."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from hearkit import audio
from hearkit.audio import compressed, load, plain
from hearkit.errors import UnreadableError

from .conftest import AUDIO
from .embed.conftest import write_tone


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_every_format_gives_the_tone_in_mono(tmp_path: Path, suffix: str) -> None:
    sound = load(write_tone(tmp_path / f"a.{suffix}", 1.0, 44100), 44100)
    assert sound.audio.dtype == np.float32
    assert sound.duration_s == pytest.approx(1.0, abs=0.06)  # mp3 pads
    middle = sound.audio[10000:30000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * 44100 / len(middle) == pytest.approx(440, abs=3)
    # The mean of a channel at 0.5 and a silent one.
    assert np.abs(middle).max() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
def test_resampling_keeps_frequency_and_level(tmp_path: Path, rate: int) -> None:
    sound = load(write_tone(tmp_path / "a.wav", 1.0, 44100), rate)
    assert len(sound.audio) == rate
    time = np.arange(rate) / rate
    expected = 0.25 * np.sin(2 * np.pi * 440 * time)
    inner = slice(rate // 10, -rate // 10)
    assert np.abs(sound.audio[inner] - expected[inner]).max() < 1e-4


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    text, none = (tmp_path / n for n in ("t.wav", "n.wav"))
    text.write_text("no audio")
    soundfile.write(none, np.zeros((0, 1)), 16000)
    for path, words in (
        (text, "cannot be read as audio"),
        (none, "no samples"),
        (tmp_path / "gone.wav", "there is no such file"),
        (tmp_path, "is a folder, no file"),
    ):
        with pytest.raises(UnreadableError, match=words) as caught:
            load(path, 16000)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_reading_in_blocks_changes_no_sample(monkeypatch: pytest.MonkeyPatch, rate: int) -> None:
    for module in (plain, compressed):
        monkeypatch.setattr(module, "BLOCK", 1000)
    for path in AUDIO.glob("*.flac"):
        samples, native = soundfile.read(path, dtype="float32", always_2d=True)
        mono = samples.mean(axis=1, dtype=np.float32)
        expected = soxr.resample(mono, native, rate, quality="VHQ")
        sound = load(path, rate)
        assert np.array_equal(sound.audio, expected)
        assert len(sound.audio) == pytest.approx(len(mono) / native * rate, abs=1)
        assert sound.duration_s == len(mono) / native
        assert sound.peak == np.abs(samples).max()


def test_blocks_of_compressed_sounds_change_no_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = np.random.default_rng(0).uniform(0, 0.5, 48000)
    path = tmp_path / "a.mp3"
    soundfile.write(path, 0.5 * np.sin(np.cumsum(rates)), 48000)
    whole = load(path, 44100).audio
    monkeypatch.setattr(compressed, "BLOCK", 1000)
    assert np.array_equal(load(path, 44100).audio, whole)


def test_samples_at_the_models_rate_are_untouched(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, 5000).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    assert np.array_equal(load(tmp_path / "a.wav", 16000).audio, samples)


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_the_mix_is_the_mean_of_all_channels(tmp_path: Path, channels: int) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, (5000, channels))
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    mixed = load(tmp_path / "a.wav", 16000).audio
    assert np.abs(mixed - samples.mean(axis=1)).max() < 2e-7


def test_resampling_folds_nothing_back(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 10000 * np.arange(44100) / 44100)
    soundfile.write(tmp_path / "a.wav", tone, 44100, subtype="FLOAT")
    mixed = load(tmp_path / "a.wav", 16000).audio
    assert np.abs(mixed[1600:-1600]).max() < 1e-6


def test_an_mp3_that_was_cut_tells_how_much_is_missing(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "a.mp3", 4.0, 44100)
    whole = load(path, 16000)
    assert whole.duration_s == whole.announced_s
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    cut = load(path, 16000)
    assert cut.announced_s == pytest.approx(whole.duration_s)
    assert cut.duration_s == pytest.approx(whole.duration_s / 2, abs=0.3)


def test_a_flac_without_a_frame_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes((AUDIO / "misc_crow.flac").read_bytes()[:30])
    with pytest.raises(UnreadableError, match="cannot be read as audio"):
        load(path, 16000)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_sample_that_is_no_number_is_located(tmp_path: Path, value: float) -> None:
    samples = np.zeros((16000, 2), np.float32)
    samples[12000:, 1] = value
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    with pytest.raises(UnreadableError, match=r"a\.wav: .* NaN or infinite, .* 0\.750 s; skipped"):
        load(tmp_path / "a.wav", 44100)


def test_announced_length_of_what_is_no_audio_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no audio")
    assert audio.announced_s(tmp_path / "a.wav") == 0
    assert audio.announced_s(tmp_path / "gone.wav") == 0
    assert audio.announced_s(write_tone(tmp_path / "b.wav", 0.5)) == 0.5
