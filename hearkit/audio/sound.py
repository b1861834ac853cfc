"""A recording as a model takes it, and what is odd about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PADDED_S = 0.15
"""Seconds that a header may announce too much: encoders pad by up to 2 x 2560 samples."""

_EXACT_S = 0.001

_OVERSHOOT = 1.25
"""Peak that lossy codecs reach on music at full scale; exact samples beyond 1 are meant."""

_SILENT = 1e-2
"""Peak of the mix, relative to that of the channels, below which they cancel each other."""


@dataclass(frozen=True)
class Recording:
    """What became of a file while it was read.

    Attributes:
        announced_s: Seconds that its header announces; 0 where it announces nothing.
        is_exact: Whether that is to the sample.
        lossy: Whether its codec changes samples.
        lost_s: Seconds that could not be decoded, about; the others were.
        ends_early: Whether it could not be read on from somewhere.
        more: Further remarks, such as on what follows its end.
    """

    announced_s: float
    is_exact: bool = False
    lossy: bool = False
    lost_s: float = 0.0
    ends_early: bool = False
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sound:
    """A recording as a model takes it.

    Attributes:
        audio: float32 samples, shape (n_samples,).
        duration_s: Seconds that were read.
        announced_s: Seconds that the file's header announces.
        peak: Largest absolute sample of the file's channels.
        mixed_peak: Largest absolute sample of their mean.
        recording: What became of the file.
    """

    audio: NDArray[np.float32]
    duration_s: float
    announced_s: float
    peak: float
    mixed_peak: float
    recording: Recording


def remarks(sound: Sound) -> Iterator[str]:
    """What a user should know of a sound that was read, one thing a line."""
    recording = sound.recording
    announced = recording.announced_s
    if sound.peak > (_OVERSHOOT if recording.lossy else 1.0):
        yield f"peaks at {sound.peak:.2f}, beyond full scale; embedded as it is"
    if sound.mixed_peak < _SILENT * sound.peak:
        yield (
            f"its channels cancel each other: they peak at {sound.peak:.2g}, and their mean at "
            f"{sound.mixed_peak:.2g}; embedded as it is, choose one channel if that is not meant"
        )
    lacking = announced - sound.duration_s
    lost = f"; about {recording.lost_s:.2f} s could not be decoded" if recording.lost_s else ""
    if lacking > (_EXACT_S if recording.is_exact else _PADDED_S):
        yield (
            f"cut short or damaged, holds {sound.duration_s:.2f} of the {announced:.2f} s that it "
            f"announces{lost}; embedded as far as it goes"
        )
    elif recording.ends_early:
        yield (
            f"cut short or damaged, cannot be read beyond {sound.duration_s:.2f} s{lost}; embedded "
            "as far as it goes"
        )
    elif lost:
        yield f"damaged{lost}; embedded without them, {sound.duration_s:.2f} s"
    yield from recording.more
