"""Everything compressed, and every container, by FFmpeg's libraries, which PyAV brings along.

Samples and lengths are those of the `ffmpeg` command: delay and padding of the encoder are left
out where the file tells them, packets that cannot be decoded are skipped, and parts that were
joined together are read to the last.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .headers import data_of, told_behind
from .kinds import RefusedError, head_of
from .lengths import announced_by, quickly_announced
from .mono import BLOCK, Mono
from .sound import Recording

if TYPE_CHECKING:
    from av.container import InputContainer

_KINDS = (
    "aa,aac,ac3,act,adx,aea,aiff,amr,amrnb,amrwb,ape,apc,asf,ast,au,avi,avr,bfstm,bonk,brstm,caf,"
    "codec2,dfpwm,dsf,dts,dtshd,eac3,epaf,fastaudio,flac,flv,g722,g729,gsm,hca,iff,iff8svx,ilbc,"
    "ircam,laf,loas,live_flv,matroska,webm,mlp,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,"
    "mxf,nistsphere,nut,ogg,oma,osq,pvf,qoa,rm,rso,sbc,shn,sln,sox,svag,tak,truehd,tta,vivo,voc,"
    "vqf,w64,wav,wtv,wsd,wv,xa,xmv,xwma"
)
"""Kinds of files that hold sound themselves. Others, such as playlists, name files and addresses
that FFmpeg would then open."""

_OPTIONS = {"format_whitelist": _KINDS, "protocol_whitelist": "none"}

_LOSSLESS = ("flac", "alac", "ape", "wavpack", "tta", "tak", "shorten", "mlp", "truehd", "pcm_")
"""Beginnings of the names of codecs that keep samples as they were."""

_SYNCHRONISED = ("mp3", "aac", "ac3", "eac3", "dts", "loas", "mpeg", "amr", "mlp", "truehd", "gsm")
"""Kinds without a header, found by what their frames begin with: other data may look so."""

_BUFFER = 1 << 16
"""Bytes read at once."""

_DTYPES = {
    "u8": np.uint8, "s16": np.int16, "s32": np.int32, "s64": np.int64, "flt": np.float32,
    "dbl": np.float64,
}  # fmt: skip
_SCALES = {"u8": 1 / 128, "s16": 1 / 32768, "s32": 1 / 2147483648, "s64": 2.0**-63}
"""From whole numbers to [-1, 1)."""


class UnknownKindError(Exception):
    """FFmpeg knows no such kind of file."""


def read(file: BinaryIO, mono: Mono) -> Recording:
    """Read all that can be decoded.

    Raises:
        UnknownKindError: If this is no kind that FFmpeg knows.
        RefusedError: If it holds no audio, or none that can be decoded.
    """
    with _container(file) as container:
        decoding = _Decoding(container)
        for block, rate in _joined(decoding.frames()):
            mono.add(block, rate)
        decoding.refuse_nonsense(os.fstat(file.fileno()).st_size, mono.duration_s)
        announced = announced_by(file, container, decoding.stream)
        return Recording(
            announced.seconds,
            is_exact=announced.is_exact,
            lossy=not decoding.codec.startswith(_LOSSLESS),
            lost_s=decoding.lost_s,
            ends_early=decoding.ends_early or announced.is_cut,
            more=(*decoding.more, *told_behind(data_of(file.fileno()), mono.duration_s)),
        )


def announced_s(file: BinaryIO) -> float | None:
    """Seconds of a file, which may be a guess; None where not even that is known."""
    if seconds := quickly_announced(file):
        return seconds
    with _container(file) as container:
        return container.duration / 1e6 if container.duration else None


def _container(file: BinaryIO) -> InputContainer:
    import av

    os.lseek(file.fileno(), 0, os.SEEK_SET)
    try:
        # The file itself and not its name, which might be taken for an address.
        return av.open(
            file, "r", container_options=_OPTIONS, metadata_errors="replace", buffer_size=_BUFFER
        )
    except av.error.FFmpegError as error:
        raise UnknownKindError(_words(file, error)) from error


def _words(file: BinaryIO, error: Exception) -> str:
    import av

    if not isinstance(error, av.error.InvalidDataError):
        return str(getattr(error, "strerror", None) or error)
    if head_of(file)[4:8] == b"ftyp":
        return "its index, moov, is missing: it was cut, or its recording was not finished"
    return "FFmpeg finds no kind of audio in it that it knows"


class _Decoding:
    """The audio of a container, decoded as far as it can be.

    Attributes:
        stream: The track that is read.
        codec: Name of its codec.
        lost_s: Seconds of packets that could not be decoded.
        ends_early: Whether reading had to end before the file does.
        more: Further remarks.
    """

    def __init__(self, container: InputContainer) -> None:
        import av

        self._damages = (av.error.FFmpegError, ValueError)
        self._container = container
        tracks = container.streams.audio
        if not tracks:
            raise RefusedError(f"holds no audio, only {_others(container)}; skipped")
        self.stream: Any = max(tracks, key=_preference)
        context = self.stream.codec_context
        if context is None:
            raise RefusedError(
                "its codec is unknown to FFmpeg, or it is encrypted; skipped, convert it with what "
                "plays it"
            )
        context.thread_count = 1  # files are read side by side
        self._codec = context
        self.codec = str(context.name)
        self.lost_s = 0.0
        self.ends_early = False
        self._n_bytes = 0
        self.more: tuple[str, ...] = ()
        if len(tracks) > 1:
            self.more = (
                f"holds {len(tracks)} audio tracks; number {self.stream.index} is embedded",
            )

    def frames(self) -> Iterator[Any]:
        """The frames of samples."""
        packets = self._container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (*self._damages, OSError):
                # Not read on; what the decoder still holds is.
                self.ends_early = True
                yield from self._decoded(None)
                return
            yield from self._decoded(packet)

    def _decoded(self, packet: Any) -> Iterator[Any]:
        try:
            frames = self._codec.decode(packet)
        except self._damages:
            if packet is not None and packet.duration and packet.time_base:
                self.lost_s += float(packet.duration * packet.time_base)
            return
        if packet is not None and frames:
            self._n_bytes += packet.size
        for frame in frames:
            if frame.is_corrupt:
                self.lost_s += frame.samples / frame.sample_rate
            yield frame

    def refuse_nonsense(self, size: int, seconds: float) -> None:
        """Refuse what was taken for audio though most of it is none.

        Args:
            size: Bytes of the file.
            seconds: What was decoded.

        Raises:
            UnknownKindError: If so.
        """
        if not seconds:
            raise RefusedError(
                f"holds no samples that can be decoded (codec {self.codec}); skipped, play it or "
                "convert it to find out why"
            )
        name = self._container.format.name
        if name in _SYNCHRONISED and self._n_bytes < size / 4 and self.lost_s > seconds / 4:
            raise UnknownKindError(f"it looks like {name} and is not")


def _preference(track: Any) -> tuple[bool, int]:
    """As ffmpeg chooses: what is marked as the default, then the most channels, then the first."""
    context = track.codec_context
    is_default = int(getattr(track, "disposition", 0) or 0) & 1
    return bool(is_default), 0 if context is None else int(context.channels or 0)


def _others(container: InputContainer) -> str:
    kinds = sorted({stream.type for stream in container.streams})
    return " and ".join(kinds) if kinds else "data of an unknown kind"


def _joined(frames: Iterator[Any]) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Frames of one kind in blocks, cut where those of plain samples are.

    Args:
        frames: Decoded frames.

    Returns:
        Blocks, shape (n_samples, n_channels), and their rate.
    """
    waiting: list[Any] = []
    left = np.zeros((0, 1), np.float32)
    n, before = 0, _Kind()
    for frame in frames:
        now = _Kind(frame.sample_rate, frame.layout.nb_channels, frame.format.name)
        if now != before:
            if n:
                yield _samples(left, waiting, before), before.rate
            waiting, left, n, before = [], np.zeros((0, now.n_channels), np.float32), 0, now
        waiting.append(frame)
        n += frame.samples
        while n >= BLOCK:
            whole = _samples(left, waiting, now)
            yield whole[:BLOCK], now.rate
            waiting, left, n = [], whole[BLOCK:], n - BLOCK
    if n:
        yield _samples(left, waiting, before), before.rate


class _Kind(NamedTuple):
    """Hz, channels and FFmpeg's name of the samples in a frame; compared for each frame."""

    rate: int = 0
    n_channels: int = 0
    name: str = ""


def _samples(first: NDArray[np.float32], frames: list[Any], kind: _Kind) -> NDArray[np.float32]:
    """Samples and frames behind them as float32, shape (n_samples, n_channels)."""
    if not frames:
        return first
    name = kind.name.removesuffix("p")
    # A plane for each channel, or one in which they take turns. Read in place: PyAV's own arrays
    # take as long as decoding does.
    in_turns = 1 if kind.name.endswith("p") else kind.n_channels
    planes = zip(*(frame.planes for frame in frames), strict=True)
    dtype, lengths = _DTYPES[name], [frame.samples * in_turns for frame in frames]
    channels = [
        np.concatenate([np.frombuffer(p, dtype, n) for p, n in zip(plane, lengths, strict=True)])
        for plane in planes
    ]
    array: NDArray[Any] = np.stack(channels, axis=1).reshape(-1, kind.n_channels)
    if name == "u8":
        array = array.astype(np.int16) - 128
    array = array.astype(np.float32, copy=False)
    if name in _SCALES:
        array *= np.float32(_SCALES[name])
    return np.concatenate([first, array]) if len(first) else array
