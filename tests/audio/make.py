"""Recordings of every kind, made by FFmpeg's encoders, with samples that are known."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray


def tones(seconds: float, rate: int = 16000, channels: int = 1) -> NDArray[np.float32]:
    """Tones that rise and swell, shape (n_samples, n_channels): no part is like another."""
    time = np.arange(int(seconds * rate)) / rate
    sound = sum(np.sin(2 * np.pi * f * time * (1 + 0.1 * time)) for f in (220, 550, 1310))
    swelling = 0.1 + 0.2 * np.sin(2 * np.pi * 0.7 * time) ** 2
    return np.repeat((sound * swelling / 2)[:, None], channels, axis=1).astype(np.float32)


def encode(
    path: Path,
    samples: NDArray[np.float32],
    rate: int,
    codec: str,
    *,
    container: str | None = None,
    settings: dict[str, str] | None = None,
    **options: Any,
) -> Path:
    """Write samples, shape (n_samples, n_channels), with one of FFmpeg's encoders.

    Args:
        path: The file.
        samples: What it holds.
        rate: Hz.
        codec: Name of the encoder.
        container: FFmpeg's name of the container; by default the suffix tells.
        settings: Options of the container.
        options: Attributes of the encoder, such as `bit_rate`.
    """
    if codec == "vorbis":  # PyAV has but an experimental encoder
        soundfile.write(path, samples, rate, "VORBIS", format="OGG")
        return path
    layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
    with av.open(str(path), "w", format=container, options=settings or {}) as out:
        stream: Any = out.add_stream(codec, rate=rate, layout=layout)
        for name, value in options.items():
            setattr(stream.codec_context, name, value)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples.reshape(1, -1)), format="flt", layout=layout
        )
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            out.mux(packet)
    return path


def decoded(path: Path) -> NDArray[np.float32]:
    """All samples of a file as FFmpeg's own decoder and resampler give them, channels averaged."""
    with av.open(str(path)) as opened:
        resampler = av.AudioResampler(format="fltp")
        parts = []
        for packet in opened.demux(opened.streams.audio[0]):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue
            for frame in frames:
                parts += [made.to_ndarray() for made in resampler.resample(frame)]
    mixed: NDArray[np.float32] = np.concatenate(parts, axis=1).mean(axis=0)
    return mixed
