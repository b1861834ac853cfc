"""From audio files to mono samples at the model's sample rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import UnreadableError

_BLOCK = 1 << 18
"""Samples a channel dealt with at once: of a long recording, only the mix is held whole."""

_EXACT = ("PCM_", "FLOAT", "DOUBLE")
"""Encodings that can be read in blocks. soundfile seeks after each read, and a decoder that has
a memory, such as mp3's, then gives other samples than in one go."""


@dataclass(frozen=True)
class Sound:
    """A recording as a model takes it.

    Attributes:
        audio: float32 samples, shape (n_samples,).
        duration_s: Seconds that were read.
        announced_s: Seconds that the file's header announces.
        peak: Largest absolute sample of the file's channels.
    """

    audio: NDArray[np.float32]
    duration_s: float
    announced_s: float
    peak: float


def load(path: Path, sample_rate: int) -> Sound:
    """Read a file, mix its channels to their mean, resample.

    Args:
        path: Anything that libsndfile reads: wav, flac, ogg, mp3 and others.
        sample_rate: Hz wanted; soxr's highest quality makes the change.

    Raises:
        UnreadableError: If the file is missing, no audio, empty, too long for the memory, or
            holds NaN or infinity.
    """
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            sound = _mono(path, file, sample_rate)
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        reason = str(error).removeprefix(f"Error opening {str(path)!r}: ").rstrip(".")
        raise UnreadableError(
            f"{path}: cannot be read as audio ({reason}); skipped, replace or remove it"
        ) from error
    except MemoryError as error:
        raise UnreadableError(
            f"{path}: does not fit into memory; skipped, cut it into shorter files"
        ) from error
    if not sound.duration_s:
        raise UnreadableError(f"{path}: holds no samples; skipped, replace or remove it")
    if not len(sound.audio):
        raise UnreadableError(
            f"{path}: too short for a sample at {sample_rate} Hz; skipped, replace or remove it"
        )
    return sound


def announced_s(path: Path) -> float:
    """Seconds that a file's header announces; 0 where it cannot be read."""
    import soundfile

    try:
        return float(soundfile.info(path).duration)
    except (soundfile.SoundFileError, OSError, TypeError):
        return 0.0


def _blocks(file: Any) -> Iterator[NDArray[np.float32]]:
    """The samples of an open `soundfile.SoundFile`, each shape (n_samples, n_channels)."""
    if file.subtype.startswith(_EXACT):
        block = file.read(_BLOCK, dtype="float32", always_2d=True)
        while len(block) == _BLOCK:
            yield block
            block = file.read(_BLOCK, dtype="float32", always_2d=True)
        yield block
    else:
        whole = file.read(dtype="float32", always_2d=True)
        yield from (whole[start : start + _BLOCK] for start in range(0, len(whole), _BLOCK))


def _mono(path: Path, file: Any, sample_rate: int) -> Sound:
    """Read an open file, mixed and resampled on the way."""
    import soxr

    resampler = soxr.ResampleStream(file.samplerate, sample_rate, 1, "float32", quality="VHQ")
    pieces = []
    # A product, since numpy's mean over an axis of two is 40 times slower.
    to_mean = np.full(file.channels, 1 / file.channels, np.float32)
    n_samples, peak = 0, 0.0
    for block in _blocks(file):
        highest = float(np.abs(block).max(initial=0.0))
        if not np.isfinite(highest):
            at = n_samples + int(np.argmin(np.isfinite(block).all(axis=1)))
            raise UnreadableError(
                f"{path}: holds samples that are NaN or infinite, the first at "
                f"{at / file.samplerate:.3f} s; skipped, export it again"
            )
        peak = max(peak, highest)
        n_samples += len(block)
        pieces.append(resampler.resample_chunk(block @ to_mean))
    pieces.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    return Sound(
        np.concatenate(pieces),
        duration_s=n_samples / file.samplerate,
        announced_s=file.frames / file.samplerate,
        peak=peak,
    )
