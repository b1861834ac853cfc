"""Any recording of the packages to int16 at 16 kHz, mono."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

SAMPLE_RATE = 16000
# Of a recording, s; of a longer one the middle is taken, so that no piece of music outweighs a
# hundred effects, and the fades at its ends stay out.
LONGEST = 300
# Of a recording, s.
SHORTEST = 0.3
# Peak below which a recording is silence; full scale is 1.
SILENCE = 1e-3

# Those that libsndfile reads by their contents.
BY_CONTENTS = (".wav", ".ogg", ".oga", ".flac", ".mp3")
# What FFmpeg calls the others; the name decides, since raw G.722 and GSM have no header.
BY_NAME = {".g722": "g722", ".gsm": "gsm", ".wv": "wv"}
# Signed 16-bit little-endian samples at 16 kHz, mono: what pocketsphinx means by it.
HEADERLESS = (".raw",)


@dataclass(frozen=True)
class Sound:
    """A decoded recording.

    Attributes:
        samples: int16, shape (n_samples,), 16 kHz.
        full_seconds: Length of the recording, of which the samples may be the middle.
    """

    samples: NDArray[np.int16]
    full_seconds: float


def is_sound(path: str) -> bool:
    """Whether a file's name says that it can be decoded."""
    return PurePosixPath(path).suffix.lower() in (*BY_CONTENTS, *BY_NAME, *HEADERLESS)


def decode(path: str, contents: bytes) -> Sound:
    """Decode, mix to mono, take the middle and resample.

    Args:
        path: For its suffix.
        contents: Of the file.

    Raises:
        ValueError: If it cannot be decoded, is empty or not finite.
    """
    audio, rate = _read(PurePosixPath(path).suffix.lower(), contents)
    if not audio.size:
        raise ValueError("no samples")
    if not np.isfinite(audio).all():
        raise ValueError("samples that are not finite")
    longest = LONGEST * rate
    begin = max(0, (audio.size - longest) // 2)
    middle = soxr.resample(audio[begin : begin + longest], rate, SAMPLE_RATE)
    samples = np.clip(np.rint(middle * 32768), -32768, 32767).astype(np.int16)
    return Sound(samples, audio.size / rate)


def why_left_out(samples: NDArray[np.int16]) -> str | None:
    """Why decoded samples are of no use: "short" or "silent"; None if they are."""
    if samples.size < SHORTEST * SAMPLE_RATE:
        return "short"
    if np.abs(samples.astype(np.int32)).max() < SILENCE * 32768:
        return "silent"
    return None


def _read(suffix: str, contents: bytes) -> tuple[NDArray[np.float32], int]:
    """Mono float32, shape (n_samples,), and its rate."""
    if suffix in HEADERLESS:
        whole = contents[: len(contents) // 2 * 2]
        audio = np.frombuffer(whole, "<i2").astype(np.float32)
        return audio / np.float32(32768), SAMPLE_RATE
    if suffix in BY_NAME:
        return _ffmpeg(BY_NAME[suffix], contents)
    try:
        with soundfile.SoundFile(io.BytesIO(contents)) as file:
            # In blocks: the channels of a long piece need not be in memory at once.
            blocks = file.blocks(1 << 20, dtype="float32", always_2d=True)
            mono = [block.mean(axis=1) for block in blocks]
            return np.concatenate([*mono, np.zeros(0, np.float32)]), file.samplerate
    except soundfile.LibsndfileError as error:
        raise ValueError(error.error_string) from error


def _ffmpeg(container: str, contents: bytes) -> tuple[NDArray[np.float32], int]:
    import av

    mono: list[NDArray[np.float32]] = [np.zeros(0, np.float32)]
    try:
        with av.open(io.BytesIO(contents), "r", container) as opened:
            stream = opened.streams.audio[0]
            # Changes the format of samples only: planes of floats, whatever the codec gives.
            planes = av.AudioResampler(format="fltp")
            for frame in opened.decode(stream):
                mono += [
                    plane.to_ndarray().mean(axis=0, dtype=np.float32)
                    for plane in planes.resample(frame)
                ]
            return np.concatenate(mono), stream.rate
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(str(error)) from error
