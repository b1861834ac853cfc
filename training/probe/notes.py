"""Notes of a soundfont's instruments as files: pitch, whatever plays it.

FluidSynth renders them. A task's table names them, `_notes/FONT_PROGRAM_NOTE.wav`, with General
MIDI's number of the program, from 0 on, and of the note.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

from training.corpus import packages

FONTS = {
    "fluid": "fluid-soundfont-gm/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "timgm": "timgm6mb-soundfont/usr/share/sounds/sf2/TimGM6mb.sf2",
}
"""Soundfonts by the beginning of the files' names."""

SAMPLE_RATE = 16000

SLOT, HELD, KEPT = 2.0, 0.9, 1.1
"""Seconds from note to note, until a note is released, and that are kept of it."""

TICKS = 960
"""In a second: 480 in a quarter, at MIDI's 120 quarters a minute."""

PEAK = 0.7


def render(root: Path, folder: Path, names: Iterable[str]) -> None:
    """Render notes.

    Args:
        root: Holds the unpacked soundfonts.
        folder: Where the files go.
        names: Of the files.

    Raises:
        CorpusError: If FluidSynth is not installed, or fails.
    """
    wanted: dict[tuple[str, int], list[int]] = {}
    for name in sorted(names):
        font, of_program, of_note = name.removesuffix(".wav").split("_")
        wanted.setdefault((font, int(of_program)), []).append(int(of_note))
    for (font, program), notes in wanted.items():
        score, rendered = folder / "score.mid", folder / "rendered.wav"
        score.write_bytes(midi(program, notes))
        # Without reverberation and chorus.
        options = ["-ni", "-q", "-R", "0", "-C", "0", "-r", str(SAMPLE_RATE), "-F", str(rendered)]
        packages.run(
            ["fluidsynth", *options, str(root / FONTS[font]), str(score)],
            "notes of a soundfont: not rendered; apt-get install fluidsynth",
        )
        samples, rate = soundfile.read(rendered, dtype="float32", always_2d=True)
        for number, note in enumerate(notes):
            begin = int(number * SLOT * rate)
            sound = samples[begin : begin + int(KEPT * rate)].mean(axis=1)
            sound *= PEAK / max(float(np.abs(sound).max()), 1e-4)
            soundfile.write(folder / f"{font}_{program:03d}_{note:03d}.wav", sound, rate)
        score.unlink()
        rendered.unlink()


def midi(program: int, notes: list[int]) -> bytes:
    """A MIDI file: the notes of a program one after another, in four degrees of loudness.

    Source: "Standard MIDI Files 1.0", MIDI Manufacturers Association.
    """
    held, gap = int(HELD * TICKS), int((SLOT - HELD) * TICKS)
    events = _varied(0) + bytes([0xC0, program])
    for number, note in enumerate(notes):
        velocity = 60 + 20 * ((program + note) % 4)
        events += _varied(gap if number else 0) + bytes([0x90, note, velocity])
        events += _varied(held) + bytes([0x80, note, 0])
    events += _varied(gap) + b"\xff\x2f\x00"
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS // 2)
    return header + b"MTrk" + struct.pack(">I", len(events)) + events


def _varied(number: int) -> bytes:
    """A number in MIDI's form: seven bits a byte, the last without the eighth."""
    digits = [number & 127]
    while number := number >> 7:
        digits.insert(0, number & 127 | 128)
    return bytes(digits)
