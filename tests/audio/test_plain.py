"""Plain samples: exact, and a word where header and file do not agree."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearkit.audio import announced_s, load, remarks

from .make import tones

SECONDS = 4.0
SAMPLES = (tones(SECONDS) * 32767).astype("<i2")


def wav(path: Path, *, riff: int | None = None, data: int | None = None, more: bytes = b"") -> Path:
    """A WAV file of four seconds whose header says what it is told to."""
    contents = SAMPLES.tobytes()
    size = len(contents)
    header = struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    path.write_bytes(
        b"RIFF" + struct.pack("<I", 36 + size if riff is None else riff) + b"WAVEfmt " + header
        + b"data" + struct.pack("<I", size if data is None else data) + contents + more
    )  # fmt: skip
    return path


def seconds_and_lines(path: Path) -> tuple[float, list[str]]:
    sound = load(path, 16000)
    return sound.duration_s, list(remarks(sound))


@pytest.mark.parametrize(
    "size", [0, 0x7F000000, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFDB]
)
def test_a_length_that_nobody_knew_is_that_of_the_file(tmp_path: Path, size: int) -> None:
    path = wav(tmp_path / "a.wav", riff=min(size + 36, 0xFFFFFFFF), data=size)
    assert seconds_and_lines(path) == (SECONDS, [])
    assert np.abs(load(path, 16000).audio - SAMPLES[:, 0] / 32768).max() < 1e-7


@pytest.mark.parametrize("head", [b"RIFF", b"RF64"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT", "DOUBLE"])
def test_a_recorder_that_never_wrote_any_size_loses_nothing(
    tmp_path: Path, head: bytes, subtype: str
) -> None:
    path = tmp_path / "a.wav"
    samples = tones(0.5, 16000, 2) * [1.0, 0.5]
    soundfile.write(path, samples, 16000, subtype, format="WAV")
    expected, _ = soundfile.read(path, dtype="float32", always_2d=True)
    contents = bytearray(path.read_bytes())
    place = contents.index(b"data") + 4
    if head == b"RIFF":
        contents[4:8] = contents[place : place + 4] = bytes(4)
    else:
        begin = bytes(head) + b"\xff" * 4 + b"WAVEds64\x1c\0\0\0" + bytes(28)
        inner = contents[contents.index(b"fmt ") : place]
        contents = bytearray(begin + inner + b"\xff" * 4 + contents[place + 4 :])
    path.write_bytes(contents)
    sound = load(path, 16000)
    assert np.abs(sound.audio - expected @ np.full(2, 0.5, np.float32)).max() < 1e-6
    assert list(remarks(sound)) == []


def test_a_recording_that_was_cut_is_told(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav")
    path.write_bytes(path.read_bytes()[: 44 + 64000])
    seconds, (line,) = seconds_and_lines(path)
    assert seconds == 2.0
    assert line.startswith("cut short or damaged, holds 2.00 of the 4.00 s")


def test_a_recording_of_three_gigabytes_that_was_cut_is_told(tmp_path: Path) -> None:
    """Its size is a size, and not that of a stream of unknown length."""
    seconds, (line,) = seconds_and_lines(wav(tmp_path / "a.wav", data=3 << 30))
    assert seconds == SECONDS
    assert line.startswith("cut short or damaged, holds 4.00 of the 100663.30 s")


def test_a_second_chunk_of_samples_is_told(tmp_path: Path) -> None:
    more = b"data" + struct.pack("<I", 32000) + SAMPLES[:16000].tobytes()
    _, (line,) = seconds_and_lines(wav(tmp_path / "a.wav", more=more))
    assert line.startswith("it holds several chunks of samples, of which one is read")


@pytest.mark.parametrize("size", [0, None])
def test_a_length_to_read_ahead_by_is_known_where_a_recorder_wrote_none(
    tmp_path: Path, size: int | None
) -> None:
    assert announced_s(wav(tmp_path / "a.wav", data=size)) >= SECONDS


def test_samples_behind_the_announced_ones_are_told(tmp_path: Path) -> None:
    seconds, (line,) = seconds_and_lines(wav(tmp_path / "a.wav", riff=36 + 32000, data=32000))
    assert seconds == 1.0
    assert line.startswith("96000 bytes follow the samples that its header announces")


def test_a_recording_joined_behind_is_told(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav")
    path.write_bytes(path.read_bytes() * 2)
    seconds, (line,) = seconds_and_lines(path)
    assert seconds == SECONDS
    assert line.startswith("another recording is joined to its end")


@pytest.mark.parametrize(
    "more",
    [
        b"LIST\x04\x00\x00\x00INFO",
        b"\x00" * 512,
        b"id3 \x03\x00\x00\x00abc\x00",
        b"\x00LIST\x04\0\0\0INFO",
    ],
    ids=["tags", "padding", "an odd chunk", "a chunk at an odd place"],
)
def test_chunks_behind_the_samples_are_none_of_them(tmp_path: Path, more: bytes) -> None:
    assert seconds_and_lines(wav(tmp_path / "a.wav", more=more)) == (SECONDS, [])


FORMATS = [
    ("WAV", "PCM_16"), ("WAV", "PCM_U8"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"),
    ("WAV", "DOUBLE"), ("WAVEX", "PCM_16"), ("RF64", "PCM_16"), ("W64", "PCM_24"),
    ("AIFF", "PCM_16"), ("AIFF", "FLOAT"), ("AU", "PCM_16"), ("CAF", "PCM_16"), ("CAF", "FLOAT"),
    ("NIST", "PCM_16"), ("VOC", "PCM_16"), ("MAT5", "FLOAT"), ("AVR", "PCM_16"), ("PAF", "PCM_24"),
]  # fmt: skip


@pytest.mark.parametrize(("container", "subtype"), FORMATS)
def test_every_kind_is_read_as_soundfile_reads_it(
    tmp_path: Path, container: str, subtype: str
) -> None:
    path = tmp_path / "a.wav"
    samples = tones(0.5, 16000, 2) * [1.0, 0.5]
    soundfile.write(path, samples, 16000, subtype, format=container)
    expected, _ = soundfile.read(path, dtype="float32", always_2d=True)
    sound = load(path, 16000)
    assert np.array_equal(sound.audio, expected @ np.full(2, 0.5, np.float32))
    assert list(remarks(sound)) == []


@pytest.mark.parametrize("container", ["WAV", "RF64", "AIFF", "AU", "CAF", "W64", "NIST"])
def test_every_kind_that_was_cut_is_told(tmp_path: Path, container: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tones(4.0), 16000, "PCM_16", format=container)
    path.write_bytes(path.read_bytes()[: path.stat().st_size - 64000])
    seconds, (line,) = seconds_and_lines(path)
    assert seconds == pytest.approx(2.0, abs=0.01)
    assert "of the 4.00 s that it announces" in line


def test_thousands_of_channels_take_no_more_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full((300, 1024), 0.25), 16000)
    assert np.abs(load(path, 16000).audio - 0.25).max() < 1e-4
