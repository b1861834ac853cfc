"""Notes and hits of instruments that do not exist, with labels that cost nothing.

A linear model that reads a note's name off an embedding needs the note to look the same whatever
plays it. So here timbre is random: partials' loudness, decay, detuning, attack, vibrato, and
frequency modulation. No soundfont and no recording is used: those are measured with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16000
FRAME = 320
"""Samples from label to label: 20 ms."""

LOWEST, NOTES = 21, 96
"""MIDI number of the first label, A0, and labels."""

HIGHEST = 104
"""MIDI number of the highest note that is drawn."""

MOST_PARTIALS = 40

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Piece:
    """A piece of audio with labels.

    Attributes:
        audio: float32, shape (n_samples,), within [-1, 1].
        notes: Which notes sound, bool, shape (n_frames, 96).
        onsets: Whether a note or hit begins within 20 ms, bool, shape (n_frames,).
    """

    audio: Floats
    notes: NDArray[np.bool_]
    onsets: NDArray[np.bool_]


def render(n_samples: int, generator: np.random.Generator) -> Piece:
    """A random piece: a note, a melody, a chord, hits, or several of these.

    Args:
        n_samples: Its length.
        generator: Of all that is random.
    """
    n_frames = n_samples // FRAME + 1
    audio = np.zeros(n_samples, np.float32)
    notes = np.zeros((n_frames, NOTES), bool)
    onsets = np.zeros(n_frames, bool)

    def add(sound: Floats, begin: int, note: int | None) -> None:
        end = min(begin + len(sound), n_samples)
        audio[begin:end] += sound[: end - begin]
        first = round(begin / FRAME)
        onsets[max(first - 1, 0) : first + 2] = True
        if note is not None:
            loud = audible(sound[: end - begin])
            notes[first : first + round(loud / FRAME) + 1, note - LOWEST] = True

    timbre = Timbre.draw(generator)
    seconds = n_samples / SAMPLE_RATE
    if generator.random() < 0.85:
        for begin, length, note in score(seconds, generator):
            level = 10 ** (-generator.uniform(0, 12) / 20)
            sound = level * timbre.note(note, length, generator)
            add(sound.astype(np.float32), int(begin * SAMPLE_RATE), note)
            if generator.random() < 0.2:
                timbre = Timbre.draw(generator)
    if generator.random() < 0.4 or not audio.any():
        for begin in np.sort(generator.uniform(0, seconds * 0.95, generator.integers(1, 9))):
            level = 10 ** (-generator.uniform(0, 15) / 20)
            add((level * hit(generator)).astype(np.float32), int(begin * SAMPLE_RATE), None)
    return Piece(audio / max(float(np.abs(audio).max()), 1e-6) * 0.9, notes, onsets)


def score(seconds: float, generator: np.random.Generator) -> list[tuple[float, float, int]]:
    """Begin and length in seconds and MIDI number of each note."""
    centre = generator.uniform(LOWEST + 8, HIGHEST - 8)

    def pitch(spread: float) -> int:
        return int(np.clip(round(generator.normal(centre, spread)), LOWEST, HIGHEST))

    kind = generator.choice(["single", "melody", "chords"], p=[0.4, 0.35, 0.25])
    if kind == "single":
        note = int(generator.integers(LOWEST, HIGHEST + 1))
        begin = generator.uniform(0, 0.3 * seconds)
        return [(begin, generator.uniform(0.15, seconds), note)]
    places = [0.0]
    pace = generator.uniform(0.12, 0.8)
    while places[-1] < seconds - 0.2:
        places.append(places[-1] + pace * generator.choice([0.5, 1.0, 1.0, 2.0]))
    found = []
    for begin in places[:-1]:
        length = pace * generator.uniform(0.4, 2.0)
        several = int(generator.integers(2, 7)) if kind == "chords" else 1
        for note in {pitch(9 if kind == "chords" else 6) for _ in range(several)}:
            found.append((begin, length, note))
    return found[:14]


@dataclass(frozen=True)
class Timbre:
    """A random instrument.

    Attributes:
        levels: Of the partials, decibels, shape (40,).
        slope: Decibels by which each octave of partials is quieter.
        stretch: How much sharper than multiples the partials are, as in stiff strings.
        decay: Of the first partial, decibels a second; 0 where the sound is held.
        brightness_decay: How much faster each octave of partials decays.
        attack, release: Seconds.
        vibrato: Depth in cents and rate in Hz.
        detuning: Cents, between two voices; 0 for one.
        modulation: Index of a frequency modulation and the modulator's ratio; 0 for none.
        noise: Decibels of breath or bow below the note.
    """

    levels: Floats
    slope: float
    stretch: float
    decay: float
    brightness_decay: float
    attack: float
    release: float
    vibrato: tuple[float, float]
    detuning: float
    modulation: tuple[float, float]
    noise: float

    @classmethod
    def draw(cls, generator: np.random.Generator) -> Timbre:
        """Draw one."""
        g = generator
        levels = g.normal(0, g.uniform(0, 9), MOST_PARTIALS)
        # Formants: neighbouring partials are alike in some instruments.
        if g.random() < 0.5:
            levels = np.convolve(levels, np.ones(3) / 1.7, "same")
        if g.random() < 0.15:  # as in a clarinet or a square wave
            levels[1::2] -= g.uniform(10, 40)
        if g.random() < 0.1:  # as in a flute or a sine
            levels[2:] -= 30
        is_struck = g.random() < 0.55
        return cls(
            levels.astype(np.float32),
            slope=g.uniform(1, 15),
            stretch=float(10 ** g.uniform(-5, -3.2)) if g.random() < 0.4 else 0.0,
            decay=float(np.exp(g.uniform(np.log(4), np.log(120)))) if is_struck else 0.0,
            brightness_decay=g.uniform(0, 1.5),
            attack=float(10 ** g.uniform(-3, -1.7 if is_struck else -0.7)),
            release=float(10 ** g.uniform(-2, -0.5)),
            vibrato=(g.uniform(5, 50), g.uniform(3, 7)) if g.random() < 0.3 else (0.0, 0.0),
            detuning=g.uniform(2, 20) if g.random() < 0.25 else 0.0,
            modulation=(
                (g.uniform(0.3, 4), float(g.choice([1.0, 1.0, 2.0, 3.0, 0.5])))
                if g.random() < 0.15
                else (0.0, 1.0)
            ),
            noise=g.uniform(15, 60),
        )

    def note(self, midi: int, seconds: float, generator: np.random.Generator) -> Floats:
        """A note with this timbre.

        Args:
            midi: Its number.
            seconds: Until it is released.
            generator: Of phases, tuning and noise.
        """
        n_samples = int((seconds + 3 * self.release) * SAMPLE_RATE)
        times = np.arange(n_samples, dtype=np.float32) / np.float32(SAMPLE_RATE)
        tuning = generator.uniform(-15, 15)
        frequency = 440 * 2 ** ((midi - 69 + tuning / 100) / 12)
        voices = [0.0] if not self.detuning else [-self.detuning / 2, self.detuning / 2]
        sound = np.zeros(n_samples, np.float32)
        for cents in voices:
            sound += self._voice(frequency * 2 ** (cents / 1200), times, generator)
        sound /= max(float(np.abs(sound).max()), 1e-6)
        breath = generator.normal(0, 1, n_samples).astype(np.float32)
        sound += breath * np.float32(10 ** (-self.noise / 20))
        rising = np.minimum(times / np.float32(self.attack), 1)
        falling = np.exp(-np.maximum(times - np.float32(seconds), 0) * np.float32(5 / self.release))
        shaped: Floats = (sound * rising * falling).astype(np.float32)
        return shaped

    def _voice(self, frequency: float, times: Floats, generator: np.random.Generator) -> Floats:
        depth, rate = self.vibrato
        phase = (2 * np.pi * frequency) * times.astype(np.float64)
        if depth:
            swing = 2 ** (depth / 1200) - 1
            phase = phase + frequency * swing / rate * np.sin(2 * np.pi * rate * times)
        index, ratio = self.modulation
        if index:
            phase = phase + index * np.exp(-2 * times) * np.sin(ratio * phase)
        number = np.arange(1, MOST_PARTIALS + 1)
        ratios = number * np.sqrt(1 + self.stretch * number**2)
        below = ratios * frequency < SAMPLE_RATE / 2 * 0.95
        ratios, octaves = ratios[below, None], np.log2(number[below, None])
        levels = self.levels[below, None] - self.slope * octaves
        phases = generator.uniform(0, 2 * np.pi, (len(ratios), 1))
        waves = np.sin((ratios * phase + phases).astype(np.float32))
        if self.decay:
            rates = self.decay * (1 + self.brightness_decay * octaves)
            gains = np.exp(
                (levels - rates * times).astype(np.float32) * np.float32(np.log(10) / 20)
            )
            fading: Floats = np.einsum("pt,pt->t", waves, gains)
            return fading
        mixed: Floats = ((10 ** (levels / 20)).astype(np.float32).T @ waves)[0]
        return mixed


def hit(generator: np.random.Generator) -> Floats:
    """A drum, a cymbal, a click: noise in a band, a falling tone, or both; peak 1."""
    g = generator
    length = float(10 ** g.uniform(-1.5, 0))
    times = np.arange(int(length * SAMPLE_RATE), dtype=np.float32) / np.float32(SAMPLE_RATE)
    sound = np.zeros(len(times), np.float32)
    if g.random() < 0.8:
        noise = np.fft.rfft(g.normal(0, 1, len(times)))
        octaves = np.log2(np.linspace(20, SAMPLE_RATE / 2, len(noise)) / 1000)
        gain = np.exp(-0.5 * ((octaves - g.uniform(-3, 3)) / g.uniform(0.3, 2)) ** 2)
        band = np.fft.irfft(noise * gain, len(times))
        sound += (band / max(np.abs(band).max(), 1e-6)).astype(np.float32)
    if g.random() < 0.5 or not sound.any():
        low, high = np.exp(g.uniform(np.log(40), np.log(900))), g.uniform(1, 6)
        sweep = low * (1 + (high - 1) * np.exp(-times * g.uniform(10, 80)))
        sound += np.sin(2 * np.pi * np.cumsum(sweep) / SAMPLE_RATE).astype(np.float32)
    shaped: Floats = sound * np.exp(-times * np.float32(g.uniform(3, 7) / length))
    return shaped / max(float(np.abs(shaped).max()), 1e-6)


def audible(sound: Floats) -> int:
    """Samples until a sound is 35 dB below its loudest 20 ms, for good."""
    whole = len(sound) // FRAME
    if not whole:
        return len(sound)
    power = np.square(sound[: whole * FRAME]).reshape(whole, FRAME).mean(axis=1)
    loud = np.flatnonzero(power > power.max() * 10**-3.5)
    return int(loud[-1] + 1) * FRAME if len(loud) else 0
