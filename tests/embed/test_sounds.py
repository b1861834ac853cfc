"""Audio files to mono samples at the model's rate."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearbaseline.embed.errors import UnreadableError
from hearbaseline.embed.sounds import load

from ..conftest import AUDIO
from .conftest import write_tone


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


def test_real_recordings_are_read() -> None:
    for path in AUDIO.glob("*.flac"):
        info = soundfile.info(path)
        sound = load(path, 16000)
        assert len(sound.audio) == pytest.approx(info.duration * 16000, abs=1)
        assert 0 < sound.peak <= 1


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    text, cut, none, nan = (tmp_path / n for n in ("t.wav", "c.flac", "n.wav", "x.wav"))
    text.write_text("no audio")
    cut.write_bytes((AUDIO / "misc_crow.flac").read_bytes()[:30])
    soundfile.write(none, np.zeros((0, 1)), 16000)
    soundfile.write(nan, np.array([0.0, np.nan]), 16000, subtype="FLOAT")
    for path, words in (
        (text, "cannot be read as audio"),
        (cut, "cannot be read as audio"),
        (none, "no samples"),
        (nan, "NaN"),
        (tmp_path / "gone.wav", "cannot be read as audio"),
        (tmp_path, "cannot be read as audio"),
    ):
        with pytest.raises(UnreadableError, match=words) as caught:
            load(path, 16000)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)
