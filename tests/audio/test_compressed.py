"""Compressed recordings and containers: the whole of them, with FFmpeg's samples."""

import mmap
import os
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from hearkit.audio import announced_s, flac, lengths, load, remarks
from hearkit.errors import UnreadableError

from .make import decoded, encode, tones

NEEDS = ("av",)

# Suffix, encoder, container, Hz, bits a second, decimals to which the samples come back
KINDS = [
    ("mp3", "libmp3lame", None, 44100, 128000),
    ("ogg", "vorbis", None, 44100, 96000),
    ("ogg", "flac", "ogg", 44100, None),
    ("flac", "flac", None, 44100, None),
    ("opus", "libopus", "ogg", 48000, 96000),
    ("webm", "libopus", None, 48000, 96000),
    ("mka", "flac", "matroska", 44100, None),
    ("m4a", "aac", "ipod", 44100, 128000),
    ("mp4", "aac", None, 44100, 128000),
    ("mov", "alac", None, 44100, None),
    ("aac", "aac", "adts", 44100, 128000),
    ("wma", "wmav2", "asf", 44100, 128000),
    ("wv", "wavpack", None, 44100, None),
    ("tta", "tta", None, 44100, None),
    ("ac3", "ac3", None, 44100, 192000),
    ("wav", "adpcm_ms", None, 44100, None),
    ("wav", "pcm_mulaw", None, 44100, None),
    ("aiff", "pcm_s16be", None, 44100, None),
    ("caf", "alac", "caf", 44100, None),
]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("suffix", "codec", "container", "rate", "bits"), KINDS)
def test_every_kind_is_read_whole(
    tmp_path: Path,
    suffix: str,
    codec: str,
    container: str | None,
    rate: int,
    bits: int | None,
    channels: int,
) -> None:
    path = tmp_path / f"a.{suffix}"
    samples = tones(2.1, rate, channels)
    encode(path, samples, rate, codec, container=container, **bit_rate(bits))
    sound = load(path, rate)
    expected = decoded(path)
    assert len(sound.audio) == len(expected)
    assert np.abs(sound.audio - expected).max() < 1e-6
    # Without a container's word, an encoder's delay stays.
    assert sound.duration_s == pytest.approx(2.1, abs=0.08)
    aligned = best_match(sound.audio, samples.mean(axis=1))
    assert aligned > 0.99
    assert list(remarks(sound)) == []
    assert announced_s(path) == pytest.approx(2.1, abs=0.1)


def bit_rate(bits: int | None) -> dict[str, Any]:
    return {"bit_rate": bits} if bits else {}


def best_match(heard: np.ndarray[Any, Any], made: np.ndarray[Any, Any]) -> float:
    """The correlation of two sounds at the shift where it is the highest."""
    n = 1 << 18
    product = np.fft.irfft(np.fft.rfft(heard, n) * np.fft.rfft(made, n).conj())
    return float(product.max() / np.linalg.norm(heard) / np.linalg.norm(made))


def test_an_mp3_without_a_count_of_its_frames_is_read_whole(tmp_path: Path) -> None:
    """libsndfile and others guess the length from the first frame's bit rate."""
    quiet = np.zeros((20 * 16000, 1), np.float32)
    samples = np.concatenate([quiet, tones(4, 16000)])
    for name, settings in (("plain", {"write_xing": "0"}), ("counted", {})):
        path = tmp_path / f"{name}.mp3"
        encode(
            path, samples, 16000, "libmp3lame", settings=settings,
            flags=av.codec.context.Flags.qscale, global_quality=4 * 118,
        )  # fmt: skip
        sound = load(path, 16000)
        assert sound.duration_s == pytest.approx(24, abs=0.15)
        assert list(remarks(sound)) == []


@pytest.mark.parametrize(
    ("suffix", "codec", "container"),
    [("ogg", "vorbis", None), ("opus", "libopus", "ogg"), ("ogg", "flac", "ogg"),
     ("mp3", "libmp3lame", None), ("aac", "aac", "adts")],
)  # fmt: skip
def test_parts_joined_together_are_all_read(
    tmp_path: Path, suffix: str, codec: str, container: str | None
) -> None:
    parts = []
    for n, seconds in enumerate((2.0, 1.0, 0.5)):
        part = tmp_path / f"{n}.{suffix}"
        encode(part, tones(seconds, 48000), 48000, codec, container=container)
        parts.append(load(part, 48000).duration_s)
    joined = tmp_path / f"joined.{suffix}"
    joined.write_bytes(b"".join((tmp_path / f"{n}.{suffix}").read_bytes() for n in range(3)))
    assert load(joined, 48000).duration_s == pytest.approx(sum(parts), abs=0.1)


def test_joined_parts_may_differ_in_rate_and_channels(tmp_path: Path) -> None:
    one = encode(tmp_path / "1.mp3", tones(1.0, 44100, 2), 44100, "libmp3lame").read_bytes()
    two = encode(tmp_path / "2.mp3", tones(2.0, 22050, 1), 22050, "libmp3lame").read_bytes()
    (tmp_path / "a.mp3").write_bytes(one + two)
    sound = load(tmp_path / "a.mp3", 16000)
    assert sound.duration_s == pytest.approx(3.0, abs=0.15)
    assert len(sound.audio) == pytest.approx(16000 * sound.duration_s, abs=2)


@pytest.mark.parametrize("codec", ["adpcm_ms", "adpcm_ima_wav", "pcm_mulaw"])
def test_of_a_stream_in_wav_nothing_is_said_to_lack(tmp_path: Path, codec: str) -> None:
    """FFmpeg guesses its length by the bit rate."""
    path = encode(tmp_path / "a.wav", tones(4.0, 44100), 44100, codec)
    contents = bytearray(path.read_bytes())
    place = contents.index(b"data")
    contents[4:8] = contents[place + 4 : place + 8] = b"\xff" * 4
    path.write_bytes(contents)
    sound = load(path, 44100)
    assert sound.duration_s == pytest.approx(4, abs=0.1)
    assert list(remarks(sound)) == []


def test_of_a_stream_in_wma_nothing_is_said_to_lack(tmp_path: Path) -> None:
    path = tmp_path / "a.wma"
    encode(path, tones(4.0, 44100), 44100, "wmav2", container="asf", bit_rate=128000)
    contents = bytearray(path.read_bytes())
    contents[contents.index(lengths._ASF_PROPERTIES) + 88] |= 1
    path.write_bytes(contents)
    assert list(remarks(load(path, 44100))) == []


def flac_that_tells(path: Path, n_samples: int) -> Path:
    """Two seconds of FLAC whose header says that it has so many samples."""
    encode(path, tones(2.0), 16000, "flac")
    contents = bytearray(path.read_bytes())
    told = int.from_bytes(contents[21:26], "big") >> 36 << 36 | n_samples
    contents[21:26] = told.to_bytes(5, "big")
    contents[26:42] = bytes(16)  # no checksum, as written to a pipe
    path.write_bytes(contents)
    return path


@pytest.mark.parametrize("n_samples", [0, 1, 16000, 31999, 32000])
def test_a_flac_that_does_not_tell_its_length_or_too_little_is_read_whole(
    tmp_path: Path, n_samples: int
) -> None:
    path = flac_that_tells(tmp_path / "a.flac", n_samples)
    sound = load(path, 16000)
    assert len(sound.audio) == 32000
    assert np.abs(sound.audio - tones(2.0)[:, 0]).max() < 1e-4
    assert list(remarks(sound)) == []
    assert 0 < announced_s(path) < 60


def test_a_flac_that_tells_too_much_is_told(tmp_path: Path) -> None:
    sound = load(flac_that_tells(tmp_path / "a.flac", 48000), 16000)
    (line,) = remarks(sound)
    assert line.startswith("cut short or damaged, holds 2.00 of the 3.00 s")


@pytest.mark.parametrize(("block", "variable"), [(512, 0), (4096, 0), (4608, 1), (1000, 1)])
def test_the_last_frames_of_a_flac_say_where_it_ends(
    tmp_path: Path, block: int, variable: int
) -> None:
    path = tmp_path / "a.flac"
    with path.open("wb") as file:
        for start in range(0, 70000, block):  # numbers of one byte, of two and of three
            held = min(block, 70000 - start)
            # Codes for a size and a rate of two bytes each
            header = bytes([0xFF, 0xF8 | variable, 0x7D, 0x08])
            header += chr(start if variable else start // block).encode("utf-8", "surrogatepass")
            header += (held - 1).to_bytes(2, "big") + bytes(2)
            file.write(header + bytes([flac._checksum(header)]) + b"\xff\xf8\xff\xf9" * 50)
    facts = flac.Told(block, 2000, 16000, 100)
    with (
        path.open("rb") as whole,
        mmap.mmap(whole.fileno(), 0, access=mmap.ACCESS_READ) as view,
    ):
        assert flac.last_sample(view, facts) == 70000


def test_a_flac_with_one_damaged_frame_is_told(tmp_path: Path) -> None:
    """FFmpeg decodes it to noise of the same length and says nothing."""
    path = encode(tmp_path / "a.flac", tones(4.0), 16000, "flac")
    contents = bytearray(path.read_bytes())
    contents[len(contents) // 2 + 50] ^= 0xFF
    path.write_bytes(contents)
    sound = load(path, 16000)
    assert sound.duration_s == 4.0
    assert list(remarks(sound)) == [
        "damaged somewhere after 0.00 s; embedded with what is decoded there"
    ]


@pytest.mark.parametrize(
    ("suffix", "codec", "container"),
    [("mp3", "libmp3lame", None), ("flac", "flac", None), ("wma", "wmav2", "asf"),
     ("wv", "wavpack", None), ("webm", "libopus", None), ("tta", "tta", None)],
)  # fmt: skip
def test_what_was_cut_is_embedded_as_far_as_it_goes_with_a_line(
    tmp_path: Path, suffix: str, codec: str, container: str | None
) -> None:
    path = tmp_path / f"a.{suffix}"
    encode(path, tones(8.0, 48000), 48000, codec, container=container, **bit_rate(96000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    sound = load(path, 48000)
    assert sound.duration_s == pytest.approx(4, abs=1.2)
    (line,) = remarks(sound)
    assert line.startswith(f"cut short or damaged, holds {sound.duration_s:.2f} of the ")
    assert "8." in line.partition(" of the ")[2]


@pytest.mark.parametrize(
    ("suffix", "codec", "container"),
    [("mp3", "libmp3lame", None), ("flac", "flac", None), ("tta", "tta", None),
     ("ogg", "vorbis", None), ("opus", "libopus", "ogg"), ("m4a", "aac", "ipod")],
)  # fmt: skip
def test_what_is_damaged_in_the_middle_is_read_on(
    tmp_path: Path, suffix: str, codec: str, container: str | None
) -> None:
    path = encode(tmp_path / f"a.{suffix}", tones(8.0, 48000), 48000, codec, container=container)
    contents = bytearray(path.read_bytes())
    middle = len(contents) // 2
    contents[middle : middle + 4000] = np.random.default_rng(0).bytes(4000)
    path.write_bytes(contents)
    sound = load(path, 48000)
    assert 5.0 < sound.duration_s <= 8.1
    assert any("damaged" in line for line in remarks(sound))
    # The end is the end.
    tail = tones(8.0, 48000)[-4800:, 0]
    assert best_match(sound.audio[-6000:], tail) > 0.9


def test_an_mp4_whose_index_is_missing_is_told(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.m4a", tones(4.0, 48000), 48000, "aac", container="ipod")
    contents = path.read_bytes()
    path.write_bytes(contents[: contents.rindex(b"moov") - 4])
    with pytest.raises(UnreadableError, match=r"a\.m4a: cannot be read as audio \(.*index"):
        load(path, 16000)


def test_a_name_says_nothing_of_a_files_kind(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.m4a", tones(1.0, 48000), 48000, "aac", container="ipod")
    for name in ("a.mp3", "a.wav", "a.txt", "http:", "-", "pipe:0", "%03d.wav", "concat:b|c"):
        path = path.rename(tmp_path / name)
        assert load(path, 48000).duration_s == pytest.approx(1.0, abs=0.05)


def test_a_name_of_any_bytes_is_read(tmp_path: Path) -> None:
    for codec, suffix in (("flac", b".flac"), ("pcm_s16le", b".wav")):
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9" + suffix))
        encode(tmp_path / f"x{suffix.decode()}", tones(1.0), 16000, codec).rename(path)
        assert load(path, 16000).duration_s == 1.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#EXTM3U\n#EXTINF:1,\n{}\n", "a playlist"),
        ("ffconcat version 1.0\nfile '{}'\n", "a list of recordings"),
        ("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5 RTP/AVP 0\n", "text"),
        ('<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>', "XML"),
    ],
)
def test_a_file_opens_no_other(tmp_path: Path, text: str, words: str) -> None:
    other = encode(tmp_path / "b.ts", tones(1.0), 16000, "mp2", container="mpegts")
    (tmp_path / "a.mp3").write_text(text.format(other))
    with pytest.raises(UnreadableError, match=words):
        load(tmp_path / "a.mp3", 16000)


def test_of_several_tracks_one_is_read_and_that_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.mka"
    with av.open(str(path), "w") as out:
        streams = [out.add_stream("flac", rate=16000, layout=n) for n in ("mono", "stereo")]
        for stream, channels in zip(streams, (1, 2), strict=True):
            samples = np.ascontiguousarray(tones(1.0, 16000, channels).reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(
                samples, format="flt", layout=("mono", "stereo")[channels - 1]
            )
            frame.sample_rate, frame.pts, frame.time_base = 16000, 0, Fraction(1, 16000)
            for packet in (*stream.encode(frame), *stream.encode(None)):
                out.mux(packet)
    (line,) = remarks(load(path, 16000))
    assert line == "holds 2 audio tracks; number 1 is embedded"


def test_a_picture_in_a_recording_is_passed_over(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp3", tones(1.0, 44100), 44100, "libmp3lame")
    picture = b"\x00image/png\x00\x03\x00" + b"\x89PNG\r\n\x1a\n" + bytes(5000)
    frame = b"APIC" + struct.pack(">I", len(picture)) + b"\x00\x00" + picture
    n = len(frame)
    size = bytes(n >> shift & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\x03\x00\x00" + size + frame + path.read_bytes())
    sound = load(path, 44100)
    assert sound.duration_s == pytest.approx(1.0, abs=0.06)
    assert list(remarks(sound)) == []


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_are_no_audio(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(np.random.default_rng(seed).bytes(100_000))
    with pytest.raises(UnreadableError, match="cannot be read as audio"):
        load(path, 16000)


def test_a_lossy_file_that_overshoots_by_little_is_not_told(tmp_path: Path) -> None:
    square = np.sign(tones(2.0, 44100)) * np.float32(0.97)
    path = encode(tmp_path / "a.mp3", square, 44100, "libmp3lame", bit_rate=192000)
    sound = load(path, 44100)
    assert sound.peak > 1.0
    assert list(remarks(sound)) == []


def test_channels_that_cancel_each_other_are_told(tmp_path: Path) -> None:
    left = tones(1.0, 44100)
    for name, codec in (("a.flac", "flac"), ("a.mp3", "libmp3lame"), ("a.wav", "pcm_s16le")):
        path = encode(tmp_path / name, np.concatenate([left, -left], 1), 44100, codec)
        (line,) = remarks(load(path, 44100))
        assert line.startswith("its channels cancel each other")
    silence = np.zeros((44100, 2), np.float32)
    assert not list(remarks(load(encode(tmp_path / "s.flac", silence, 44100, "flac"), 44100)))
