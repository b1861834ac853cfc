"""Everything compressed, and every container, by FFmpeg's libraries, which PyAV brings along.

Samples and lengths are those of the `ffmpeg` command: delay and padding of the encoder are left
out where the file tells them, packets that cannot be decoded are skipped, and parts that were
joined together are read to the last.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .headers import data_of, told_behind
from .kinds import RefusedError, head_of
from .lengths import announced_by
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
            more=(*decoding.more, *told_behind(data_of(file), mono.duration_s)),
        )


def announced_s(file: BinaryIO) -> float | None:
    """Seconds of a file, which may be a guess; None where not even that is known."""
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
        self.codec = str(context.name)
        self.lost_s = 0.0
        self.ends_early = False
        self._n_bytes = 0
        self.more: tuple[str, ...] = ()
        if len(tracks) > 1:
            self.more = (
                f"holds {len(tracks)} audio tracks; number {self.stream.index} is embedded",
            )

    def frames(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        """Samples of each frame, shape (n_samples, n_channels), and their rate."""
        import av

        packets = self._container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, OSError, ValueError):
                # Not read on; what the decoder still holds is.
                self.ends_early = True
                yield from self._decoded(None)
                return
            yield from self._decoded(packet)

    def _decoded(self, packet: Any) -> Iterator[tuple[NDArray[np.float32], int]]:
        import av

        try:
            frames = self.stream.codec_context.decode(packet)
        except (av.error.FFmpegError, ValueError):
            if packet is not None and packet.duration and packet.time_base:
                self.lost_s += float(packet.duration * packet.time_base)
            return
        if packet is not None and frames:
            self._n_bytes += packet.size
        for frame in frames:
            if frame.is_corrupt:
                self.lost_s += frame.samples / frame.sample_rate
            yield _samples(frame), frame.sample_rate

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


def _samples(frame: Any) -> NDArray[np.float32]:
    """A frame as float32, shape (n_samples, n_channels)."""
    array: NDArray[Any] = frame.to_ndarray()
    kind = frame.format.name
    n_channels = len(frame.layout.channels)
    array = array.T if kind.endswith("p") else array.reshape(-1, n_channels)
    kind = kind.removesuffix("p")
    if kind == "u8":
        array = array.astype(np.int16) - 128
    if kind in _SCALES:
        array = array.astype(np.float32) * np.float32(_SCALES[kind])
    return np.asarray(array, np.float32)


def _joined(
    frames: Iterator[tuple[NDArray[np.float32], int]],
) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Frames of one rate and number of channels in blocks, cut where those of plain samples are."""
    waiting: list[NDArray[np.float32]] = []
    n, before = 0, (0, 0)
    for samples, rate in frames:
        now = (rate, samples.shape[1])
        if waiting and now != before:
            yield np.concatenate(waiting), before[0]
            waiting, n = [], 0
        before = now
        waiting.append(samples)
        n += len(samples)
        while n >= BLOCK:
            whole = np.concatenate(waiting)
            yield whole[:BLOCK], rate
            waiting, n = [whole[BLOCK:]], n - BLOCK
    if n:
        yield np.concatenate(waiting), before[0]
