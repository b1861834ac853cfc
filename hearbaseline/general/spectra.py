"""The front end: two spectrograms of a sound, in decibels below its loudest band.

A short window tells when a sound begins and what its envelope is; a long one tells notes apart.
The logarithm comes first, since hearing compares loudness by ratios: in a model of the waveform
whatever is quiet drowns. Each sound is its own reference, so its level changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from hearbaseline._bands import Groups, groups, in_bands, mel_edges
from hearbaseline._frames import Framing

SAMPLE_RATE = 16000

HOP_MS = 20.0
"""From embedding to embedding, and between long windows."""

SHORT_WINDOW, SHORT_FFT, SHORT_HOP_MS = 400, 512, 10.0
"""25 ms, filled with zeros to 512 samples: two frames for each embedding."""

LONG_WINDOW = 2048
"""128 ms, four periods of 31 Hz: the partials of a note are 16 Hz wide."""

MEL_BANDS = 80
"""Of the short window, up to half the sample rate."""

LOWEST, OCTAVES, PER_OCTAVE = 27.5, 8, 24
"""Of the long window: bands from A0, the piano's lowest key, two for each semitone. Partials are
at the same distance from each other for every note."""

PITCH_BANDS = OCTAVES * PER_OCTAVE

RANGE_DB = 80.0
"""Below the loudest band of the sound; what is quieter counts as silence."""

FLOOR = 1e-8
"""Least power that is taken as a reference, about that of 16-bit noise: silence stays silent."""

BANDS = 32
"""Neighbouring bands that are computed together."""

CHUNK = 512
"""Frames computed at once, over all sounds."""


class Spectra(nn.Module):
    """Short and long spectrograms; nothing is learned.

    Source: the mel scale is that of Slaney, "Auditory Toolbox", Interval Research 1998-010, 1998.

    Examples:
        >>> import torch
        >>> from hearbaseline.general.spectra import Spectra
        >>> short, long = Spectra()(torch.zeros(1, 16000))
        >>> short.shape, long.shape
        (torch.Size([1, 101, 80]), torch.Size([1, 51, 192]))
    """

    short_window: Tensor
    long_window: Tensor
    mel_bands: Tensor
    pitch_bands: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, tensor in (
            ("short_window", unit_window(SHORT_WINDOW)),
            ("long_window", unit_window(LONG_WINDOW)),
            ("mel_bands", triangles(mel_edges(MEL_BANDS, SAMPLE_RATE / 2), SHORT_FFT)),
            ("pitch_bands", triangles(pitch_edges(), LONG_WINDOW)),
        ):
            # Follows from the constants, so that checkpoints need not hold it.
            self.register_buffer(name, tensor, persistent=False)
        self.mel_groups = groups(self.mel_bands, BANDS)
        self.pitch_groups = groups(self.pitch_bands, BANDS)

    @torch.no_grad()
    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Spectrograms between 0, silence, and 1, the sound's loudest band.

        Args:
            audio: float32, shape (n_sounds, n_samples), at 16000 Hz.

        Returns:
            float32: every 10 ms, shape (n_sounds, n_short, 80), and every 20 ms, shape
            (n_sounds, n_timestamps, 192). Frames are centred on the multiples of the hop.
        """
        mels, pitches = (self.mel_bands, self.mel_groups), (self.pitch_bands, self.pitch_groups)
        short = self._powers(audio, SHORT_HOP_MS, self.short_window, SHORT_FFT, *mels)
        long = self._powers(audio, HOP_MS, self.long_window, LONG_WINDOW, *pitches)
        return decibels(short), decibels(long)

    def _powers(
        self,
        audio: Tensor,
        hop_ms: float,
        window: Tensor,
        n_fft: int,
        bands: Tensor,
        grouped: Groups,
    ) -> Tensor:
        """Power in each band, shape (n_sounds, n_frames, n_bands)."""
        framing = Framing(len(window), hop_ms, SAMPLE_RATE)
        out = audio.new_empty(len(audio), framing.count(audio.shape[1]), bands.shape[1])
        for sounds, frames, samples in framing.chunks(audio, CHUNK):
            spectrum = torch.fft.rfft(samples * window, n_fft)
            power = spectrum.real.square() + spectrum.imag.square()
            out[sounds, frames] = in_bands(power, bands, grouped)
        return out


def decibels(power: Tensor) -> Tensor:
    """Power relative to the loudest band of each sound, from 0 at -80 dB to 1 at 0 dB.

    Args:
        power: Shape (n_sounds, n_frames, n_bands); changed in place.
    """
    loudest = power.amax(dim=(1, 2), keepdim=True).clamp(min=FLOOR)
    least = 10 ** (-RANGE_DB / 10)
    relative = power.div_(loudest).clamp_(min=least)
    return relative.log10_().mul_(10 / RANGE_DB).add_(1)


def unit_window(length: int) -> Tensor:
    """A periodic Hann window whose squares sum to 1: noise has the same power in any window."""
    window = torch.hann_window(length, dtype=torch.float64)
    return (window / window.square().sum().sqrt()).float()


def pitch_edges() -> list[float]:
    """Edges of the bands of the long window, Hz, in equal ratios; band 2 k is k semitones on."""
    return [LOWEST * 2 ** (k / PER_OCTAVE) for k in range(-1, PITCH_BANDS + 1)]


def triangles(edges: list[float], n_fft: int) -> Tensor:
    """How much of each bin's power each band takes, shape (n_fft / 2 + 1, n_bands).

    A band rises from its lower neighbour's centre and falls to its upper one's. One that is
    narrower than the bins is widened to them, so that it reads the spectrum between two bins.
    """
    spacing = SAMPLE_RATE / n_fft
    bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64)[:, None] * spacing
    low, centre, high = (torch.tensor(edges[k : len(edges) - 2 + k]) for k in range(3))
    low, high = torch.minimum(low, centre - spacing), torch.maximum(high, centre + spacing)
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    weights = torch.minimum(rising, falling).clamp(min=0)
    # The mean over the band, not the sum: noise is then as loud in narrow bands as in wide ones.
    return (weights / weights.sum(dim=0)).float()


def chunks(n_frames: int, size: int) -> Iterator[slice]:
    """Consecutive slices of at most `size` frames."""
    for begin in range(0, n_frames, size):
        yield slice(begin, min(begin + size, n_frames))
