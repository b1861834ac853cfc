"""How the student's sounds are disturbed: what must not change an embedding much.

Its teachers heard the sounds as they are, so the student learns to hear past speed, room,
microphone, noise and neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

SAMPLE_RATE = 16000

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Disturbances:
    """How often each is done, and how much.

    Attributes:
        speed: Share of sounds that are faster or slower, pitch included.
        speeds: The slowest and fastest.
        equaliser: Share whose spectrum is coloured, by up to this many decibels (deviation).
        equaliser_db: See `equaliser`.
        room: Share with reverberation.
        noise: Share with white to brown noise.
        noise_db: Least and most decibels of sound above noise.
        mixture: Share with another sound of the batch.
        mixture_db: Least and most decibels of sound above the other.
        narrow: Share without what a telephone does not transmit.
        bands, frames: Share of the bands, and of the frames, that are hidden in spectrograms.
    """

    speed: float = 0.6
    speeds: tuple[float, float] = (0.8, 1.25)
    equaliser: float = 0.5
    equaliser_db: float = 5.0
    room: float = 0.2
    noise: float = 0.3
    noise_db: tuple[float, float] = (5.0, 35.0)
    mixture: float = 0.3
    mixture_db: tuple[float, float] = (3.0, 20.0)
    narrow: float = 0.1
    bands: float = 0.1
    frames: float = 0.15

    def draw_speed(self, generator: np.random.Generator) -> float:
        """1 for most sounds' own speed; the ratio's logarithm is uniform."""
        if generator.random() >= self.speed:
            return 1.0
        low, high = np.log(self.speeds)
        # To three digits, so that the two rates have a simple ratio.
        return float(np.round(np.exp(generator.uniform(low, high)), 3))


def at_speed(sound: Floats, speed: float, n_samples: int) -> Floats:
    """A sound faster or slower, with its pitch, cut or filled to a length."""
    if speed != 1.0:
        sound = soxr.resample(sound, SAMPLE_RATE * speed, SAMPLE_RATE, "MQ")
    fitted = np.zeros(n_samples, np.float32)
    fitted[: len(sound)] = sound[:n_samples]
    return fitted


def disturbed(
    sounds: Floats, others: Floats, disturbances: Disturbances, generator: np.random.Generator
) -> Floats:
    """Colour, reverberate, mix, and add noise; each sound at random.

    Args:
        sounds: Shape (n_sounds, n_samples).
        others: What is mixed with them, shape (n_others, n_samples).
        disturbances: How often and how much.
        generator: Of all that is random.

    Returns:
        Of the same shape, new.
    """
    d, g = disturbances, generator
    n_sounds, n_samples = sounds.shape
    out = np.empty_like(sounds)
    for k in range(n_sounds):
        sound = filtered(sounds[k], d, g)
        if g.random() < d.mixture:
            sound = mixed(sound, others[g.integers(len(others))], g.uniform(*d.mixture_db))
        if g.random() < d.noise:
            sound = mixed(sound, noise(n_samples, g), g.uniform(*d.noise_db))
        out[k] = sound
    return out


def filtered(sound: Floats, d: Disturbances, g: np.random.Generator) -> Floats:
    """Colour and room, both as one product of spectra."""
    room = g.random() < d.room
    n_fft = len(sound) + (SAMPLE_RATE // 2 if room else 0)
    n_fft = 1 << (n_fft - 1).bit_length()
    gain = np.ones(n_fft // 2 + 1, np.complex64)
    hertz = np.linspace(0, SAMPLE_RATE / 2, len(gain))
    changes = False
    if g.random() < d.equaliser:
        points = np.linspace(np.log(60), np.log(8000), 8)
        decibels = g.normal(0, d.equaliser_db, 8) + g.normal(0, d.equaliser_db) * np.linspace(
            -1, 1, 8
        )
        gain *= 10 ** (np.interp(np.log(hertz.clip(20)), points, decibels) / 20)
        changes = True
    if g.random() < d.narrow:
        low, high = g.uniform(100, 350), g.uniform(3000, 4000)
        gain *= 1 / (1 + (low / hertz.clip(1)) ** 6) / (1 + (hertz / high) ** 16)
        changes = True
    if room:
        seconds = float(10 ** g.uniform(-1.1, -0.3))
        times = np.arange(int(SAMPLE_RATE // 2)) / SAMPLE_RATE
        tail = g.normal(0, 1, len(times)) * 10 ** (-3 * times / seconds)
        tail *= 10 ** (-g.uniform(-2, 15) / 20) / np.sqrt(np.square(tail).sum())
        tail[0] = 1.0
        gain *= np.fft.rfft(tail, n_fft)
        changes = True
    if not changes:
        return sound
    out = np.fft.irfft(np.fft.rfft(sound, n_fft) * gain, n_fft)[: len(sound)]
    return out.astype(np.float32)


def mixed(sound: Floats, other: Floats, decibels: float) -> Floats:
    """A sound with another that is so much quieter."""
    power, other_power = (float(np.square(x).mean()) for x in (sound, other))
    if not power or not other_power:
        return sound
    gain = np.sqrt(power / other_power) * 10 ** (-decibels / 20)
    return sound + np.float32(gain) * other


def noise(n_samples: int, g: np.random.Generator) -> Floats:
    """White to brown noise."""
    spectrum = np.fft.rfft(g.normal(0, 1, n_samples))
    spectrum *= (1 + np.arange(len(spectrum))) ** -g.uniform(0, 1)
    made: Floats = np.fft.irfft(spectrum, n_samples).astype(np.float32)
    return made


def hide(
    short: Tensor, long: Tensor, disturbances: Disturbances, generator: torch.Generator
) -> None:
    """Silence stretches of both spectrograms in place, at the same times in each.

    Args:
        short: Shape (n_sounds, n_short, 80), every 10 ms.
        long: Shape (n_sounds, n_frames, 192), every 20 ms.
        disturbances: Which share.
        generator: Of the places, on the CPU.
    """
    n_frames = long.shape[1]
    for k in range(len(short)):
        hidden = 0
        while hidden < disturbances.frames * n_frames:
            length = int(torch.randint(2, 16, (), generator=generator))
            begin = int(torch.randint(0, n_frames, (), generator=generator))
            long[k, begin : begin + length] = 0
            short[k, 2 * begin : 2 * (begin + length)] = 0
            # On average twice the share would be too much for some: half of the sounds keep less.
            hidden += length * 2
        for spectrogram in (short, long):
            n_bands = spectrogram.shape[2]
            width = int(
                torch.randint(
                    0, max(1, int(2 * disturbances.bands * n_bands)), (), generator=generator
                )
            )
            begin = int(torch.randint(0, n_bands, (), generator=generator))
            spectrogram[k, :, begin : begin + width] = 0
