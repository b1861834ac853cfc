"""Notes of a soundfont: the score that FluidSynth is given, and what is cut of its answer."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.corpus import packages
from training.probe import notes


def events(score: bytes) -> list[tuple[int, bytes]]:
    """When each event of a score is, in ticks, and what it is."""
    track = score[22:]
    found, at, now = [], 0, 0
    while at < len(track):
        delay = 0
        while True:
            byte = track[at]
            at += 1
            delay = delay * 128 + (byte & 127)
            if byte < 128:
                break
        now += delay
        size = {0xC0: 2, 0xFF: 3}.get(track[at], 3)
        found.append((now, track[at : at + size]))
        at += size
    return found


def test_a_score_plays_each_note_in_its_slot() -> None:
    seen = events(notes.midi(5, [60, 72]))
    slot = int(notes.SLOT * notes.TICKS)
    assert [(time, event[:2]) for time, event in seen] == [
        (0, b"\xc0\x05"),
        (0, b"\x90\x3c"),
        (864, b"\x80\x3c"),
        (slot, b"\x90\x48"),
        (slot + 864, b"\x80\x48"),
        (2 * slot, b"\xff\x2f"),
    ]


def test_notes_are_cut_where_they_were_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With FluidSynth replaced: the first note of a program is loud, the second quiet."""

    def synthesise(command: list[str], failed: str) -> None:
        assert command[-2].endswith(notes.FONTS["fluid"])
        assert "apt-get install fluidsynth" in failed
        samples = np.zeros((4 * 16000, 2))
        samples[:16000], samples[32000:48000] = 0.5, 0.1
        soundfile.write(command[command.index("-F") + 1], samples, 16000)

    monkeypatch.setattr(packages, "run", synthesise)
    names = ["fluid_003_072.wav", "fluid_003_060.wav", "fluid_010_060.wav"]
    notes.render(tmp_path, tmp_path, names)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    for name in names[:2]:
        sound, rate = soundfile.read(tmp_path / name)
        assert (len(sound), rate) == (17600, 16000)
        np.testing.assert_allclose(np.abs(sound[:16000]), 0.7, atol=1e-3)
        assert np.abs(sound[16001:]).max() < 1e-3
