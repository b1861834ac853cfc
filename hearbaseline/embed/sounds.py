"""Audio files to mono samples at the model's rate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import UnreadableError


@dataclass(frozen=True)
class Sound:
    """A recording as a model takes it.

    Attributes:
        audio: float32 samples, shape (n_samples,).
        duration_s: Seconds of the file.
        peak: Largest absolute sample of the file's channels.
    """

    audio: NDArray[np.float32]
    duration_s: float
    peak: float


def load(path: Path, sample_rate: int) -> Sound:
    """Read a file, mix its channels to their mean, resample.

    Args:
        path: Anything that libsndfile reads: wav, flac, ogg, mp3 and others.
        sample_rate: Hz wanted; soxr's highest quality makes the change.

    Raises:
        UnreadableError: If the file is missing, no audio, empty, or holds NaN or infinity.
    """
    import soundfile
    import soxr

    try:
        samples, native = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        reason = str(error).removeprefix(f"Error opening {str(path)!r}: ").rstrip(".")
        raise UnreadableError(f"{path}: cannot be read as audio ({reason}); skipped") from None
    if not len(samples):
        raise UnreadableError(f"{path}: holds no samples; skipped")
    if not np.isfinite(samples).all():
        raise UnreadableError(f"{path}: holds samples that are NaN or infinite; skipped")
    mono = samples.mean(axis=1, dtype=np.float32)
    audio = soxr.resample(mono, native, sample_rate, quality="VHQ")
    if not len(audio):
        raise UnreadableError(f"{path}: holds no sample at {sample_rate} Hz; skipped")
    return Sound(
        np.ascontiguousarray(audio, np.float32),
        len(samples) / native,
        float(np.abs(samples).max()),
    )
