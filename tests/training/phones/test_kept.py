"""Kept speech: labels are at their times at any speed, and rare phones are unknown."""

from pathlib import Path

import numpy as np
import pytest

from training.phones import kept
from training.phones.kept import UNKNOWN, Speech

from .spoken import speak


@pytest.fixture(name="speech")
def fixture_speech(tmp_path: Path) -> Speech:
    speak(tmp_path)
    return Speech.read(tmp_path)


def test_phones_by_how_often_they_are_said(speech: Speech) -> None:
    assert speech.names == ["", "i", "s", "a"]  # 151, 151, 100 frames
    assert speech.starts.tolist() == [0, 96000, 144100]
    assert speech.labels[[0, 49, 50, 149, 150, 300, 301]].tolist() == [0, 0, 3, 3, 1, 1, 2]


@pytest.mark.parametrize("speed", [0.8, 1.0, 1.25])
def test_a_label_is_that_of_what_sounds(speech: Speech, speed: float) -> None:
    seen = set()
    for seed in range(20):
        stretch, labels = speech.draw(32000, speed, np.random.default_rng(seed))
        assert labels.shape == (101,)
        assert len(stretch) == int(32000 * speed) + 1
        for frame in range(0, 101, 5):
            centre = int(frame * 320 * speed)
            around = stretch[max(0, centre - 160) : centre + 160]
            if speech.names[labels[frame]] == "" and len(around):
                # A frame at the edge of the pause may hold a little of what follows.
                assert np.abs(around[:100]).max() < 0.05
            seen.add(speech.names[labels[frame]])
    assert seen == {"", "a", "i", "s"}


def test_beyond_the_end_is_silence(speech: Speech) -> None:
    ends = [speech.draw(64000, 1.0, np.random.default_rng(seed))[1] for seed in range(20)]
    short = [labels for labels in ends if (labels == 2).any()]  # the utterance of 3 s
    assert short
    assert all(labels.tolist() == [2] * 151 + [0] * 50 for labels in short)


def test_rare_phones_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "PHONES", 3)
    speak(tmp_path)
    speech = Speech.read(tmp_path)
    assert speech.names == ["", "i", "s"]
    assert speech.labels[100] == UNKNOWN


def test_no_speech_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"run python -m training\.phones first"):
        Speech.read(tmp_path)
