"""Plain PCM, and FLAC that is whole, by soundfile: exact, in blocks."""

from __future__ import annotations

import io
import mmap
import os
from typing import Any, BinaryIO

from . import flac
from .headers import Data, data_of, told_behind
from .kinds import head_of
from .mono import BLOCK, Mono
from .sound import Recording

_WIDTHS = {
    "PCM_S8": 1, "PCM_U8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8,
}  # fmt: skip
"""Bytes of a sample. These encodings can be read in blocks, and libsndfile knows their length."""

_CANDIDATES = (
    flac.MARK,
    b"RIFF",
    b"RIFX",
    b"RF64",
    b"BW64",
    b"FORM",
    b".snd",
    b"dns.",
    b"caff",
    b"riff",
)
"""What files of such samples begin with."""

_LITTLE = (b"RIFF", b"RF64")
"""WAV files whose numbers are written with their last byte first."""

_NO_PCM = (b"ID3", b"\xff", b"OggS")
"""What FFmpeg alone is to read: libsndfile's decoders print lines of their own."""

_MOST_IN_BLOCK = 1 << 24
"""Samples of all channels in a block: a header may say 65535 channels."""


class DamagedError(Exception):
    """The decoder lost its way; what it had read before is in the mix."""


def is_candidate(file: BinaryIO) -> bool:
    """Whether a file may hold plain samples, by its beginning."""
    return head_of(file).startswith(_CANDIDATES)


def read(file: BinaryIO, mono: Mono) -> Recording | None:
    """Read plain samples.

    Returns:
        None where the file holds others, or its header gives no length: FFmpeg reads those.

    Raises:
        DamagedError: If it is FLAC and damaged. FFmpeg reads on, and says nothing.
    """
    import soundfile

    head = head_of(file)
    is_flac = head.startswith(flac.MARK)
    if head.startswith(_NO_PCM) or (is_flac and not _is_whole_flac(file)):
        return None
    try:
        with _opened(file) as sound:
            data = data_of(file.fileno())
            if sound.subtype not in _WIDTHS:
                return None
            if data and data.is_unknown and not sound.frames:
                return _read_to_the_end(file, sound, data, mono)
            _add_all(sound, mono, is_flac=is_flac)
            return _recording(sound, data)
    except soundfile.SoundFileError:  # damaged, which FFmpeg reads as far as it goes
        return None


class _From(io.RawIOBase):
    """An open file from some place on."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file, self._start = file, start
        self.seek(0)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        begin = self._start if whence == os.SEEK_SET else 0
        return self._file.seek(begin + offset, whence) - self._start

    def tell(self) -> int:
        return self._file.tell() - self._start

    def readinto(self, buffer: Any) -> int:
        return int(self._file.readinto(buffer) or 0)  # type: ignore[attr-defined]


def _read_to_the_end(file: BinaryIO, sound: Any, data: Data, mono: Mono) -> Recording | None:
    """Samples of a WAV file whose length nobody wrote; FFmpeg reads some of these as empty."""
    import soundfile

    if head_of(file)[:4] not in _LITTLE:
        return None
    with soundfile.SoundFile(
        _From(file, data.start),
        format="RAW",
        endian="LITTLE",
        subtype=sound.subtype,
        samplerate=sound.samplerate,
        channels=sound.channels,
    ) as raw:
        _add_all(raw, mono, is_flac=False)
        return _recording(raw, data)


def _add_all(sound: Any, mono: Mono, *, is_flac: bool) -> None:
    size = max(1, min(BLOCK, _MOST_IN_BLOCK // sound.channels))
    n_read = size
    while n_read == size:
        block = _block(sound, size, is_flac=is_flac)
        mono.add(block, sound.samplerate)
        n_read = len(block)


def _block(sound: Any, size: int, *, is_flac: bool) -> Any:
    import soundfile

    try:
        return sound.read(size, dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        if is_flac:
            raise DamagedError from error
        raise


def _is_whole_flac(file: BinaryIO) -> bool:
    """Whether a FLAC file tells its length, ends there, and is not several joined together."""
    facts = flac.told(head_of(file))
    if facts is None or not facts.n_samples:
        return False
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        if view.find(flac.MARK, len(flac.MARK)) >= 0:
            return False
        return flac.last_sample(view, facts) <= facts.n_samples


def announced_s(file: BinaryIO) -> float | None:
    """Seconds of plain samples; None where the file holds others."""
    import soundfile

    if head_of(file).startswith(flac.MARK):
        return None
    try:
        with _opened(file) as sound:
            return float(sound.frames / sound.samplerate) if sound.subtype in _WIDTHS else None
    except soundfile.SoundFileError:
        return None


def _opened(file: BinaryIO) -> Any:
    import soundfile

    os.lseek(file.fileno(), 0, os.SEEK_SET)
    # By its descriptor: names may hold bytes that soundfile does not take.
    return soundfile.SoundFile(file.fileno(), closefd=False)


def _recording(sound: Any, data: Data | None) -> Recording:
    if data is None:
        return Recording(sound.frames / sound.samplerate, is_exact=True)
    second = _WIDTHS[sound.subtype] * sound.channels * sound.samplerate
    # A length that nobody knew when the header was written announces nothing.
    announced = 0.0 if data.is_unknown else data.announced / second
    more = told_behind(data, sound.frames / sound.samplerate)
    return Recording(announced, is_exact=True, more=more)
