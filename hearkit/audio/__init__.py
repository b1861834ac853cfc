"""From a recording of any kind to mono samples at the model's sample rate.

soundfile reads plain PCM, where it is exact; FFmpeg, by PyAV, reads everything compressed and every
container. A file's contents say what it is, not its name.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ..errors import UnreadableError
from . import compressed, kinds, plain
from .mono import Mono
from .sound import Recording, Sound, remarks

__all__ = ["Recording", "Sound", "announced_s", "load", "remarks"]

_BYTES_PER_S = 4000
"""Of a compressed recording that does not tell how long it is: few have less."""


def load(path: Path, sample_rate: int) -> Sound:
    """Read a recording, mix its channels to their mean, resample.

    Args:
        path: Anything that libsndfile or FFmpeg read. It is read by its contents, whatever it is
            called, and opens no other file.
        sample_rate: Hz wanted; soxr's highest quality makes the change.

    Raises:
        UnreadableError: If the file is missing, no audio, empty, too long for the memory, or
            holds NaN or infinity.
    """
    try:
        with kinds.opened(path) as file:
            sound = _loaded(file, Mono(sample_rate))
    except kinds.RefusedError as error:
        raise UnreadableError(f"{kinds.shown(path)}: {error}") from error
    except MemoryError as error:
        raise UnreadableError(
            f"{kinds.shown(path)}: does not fit into memory; skipped, cut it into shorter files"
        ) from error
    except Exception as error:
        # Whatever a decoder raises, it is this file's failure.
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise UnreadableError(
            f"{kinds.shown(path)}: cannot be read as audio ({reason}); skipped, play it or convert "
            "it to find out why"
        ) from error
    if not len(sound.audio):
        raise UnreadableError(
            f"{kinds.shown(path)}: too short for a sample at {sample_rate} Hz; skipped"
        )
    return sound


def _loaded(file: BinaryIO, mono: Mono) -> Sound:
    recording = _read(file, mono)
    if not mono.duration_s:
        raise kinds.RefusedError("holds no samples; skipped")
    return Sound(
        mono.audio(),
        duration_s=mono.duration_s,
        announced_s=max(recording.announced_s, mono.duration_s) or mono.duration_s,
        peak=mono.peak,
        mixed_peak=mono.mixed_peak,
        recording=recording,
    )


def _read(file: BinaryIO, mono: Mono) -> Recording:
    """All samples of an open file, by whatever reads it."""
    kinds.refuse_by_beginning(file)
    if plain.is_candidate(file):
        try:
            recording = plain.read(file, mono)
        except plain.DamagedError:
            return _read_on(file, mono)
        if recording is not None:
            return recording
        mono.forget()
    try:
        return compressed.read(file, mono)
    except compressed.UnknownKindError as error:
        # libsndfile knows rare kinds that FFmpeg does not.
        recording = plain.read(file, mono)
        if recording is None:
            raise kinds.RefusedError(
                f"cannot be read as audio ({kinds.described(file) or error}); skipped"
            ) from error
        return recording


def _read_on(file: BinaryIO, mono: Mono) -> Recording:
    """All samples of a damaged FLAC file, whose frames FFmpeg does not check."""
    whole_s = mono.duration_s
    mono.forget()
    recording = compressed.read(file, mono)
    is_told = recording.lost_s or recording.ends_early or mono.duration_s < recording.announced_s
    more = f"damaged somewhere after {whole_s:.2f} s; embedded with what is decoded there"
    return recording if is_told else replace(recording, more=(*recording.more, more))


def announced_s(path: Path) -> float:
    """Seconds that a file's header announces, or about; 0 where it cannot be read."""
    try:
        with kinds.opened(path) as file:
            seconds = plain.announced_s(file) if plain.is_candidate(file) else None
            seconds = compressed.announced_s(file) if seconds is None else seconds
            # Nothing is announced where a recorder never wrote the length, either.
            return seconds or os.fstat(file.fileno()).st_size / _BYTES_PER_S
    except Exception:  # what is wrong with it is told when it is read
        return 0.0
