"""Speech that nobody said, for runs of a few steps."""

from pathlib import Path

import numpy as np

from training.phones.kept import write
from training.phones.render import Utterance


def speak(folder: Path) -> None:
    """Two utterances: two tones after a pause, and noise whose phone is rare."""
    times = np.arange(6 * 16000) / 16000
    tones = np.where(times < 1, 0, np.sin(2 * np.pi * np.where(times < 3, 300, 900) * times))
    phones = ["" if k < 50 else "a" if k < 150 else "i" for k in range(301)]
    noise = np.random.default_rng(0).normal(0, 3000, 3 * 16000 + 100)
    spoken = [
        Utterance("xx", "f1", (tones * 10000).astype(np.int16), phones),
        Utterance("xx", "m1", noise.astype(np.int16), ["s"] * 151),
    ]
    write(folder, spoken, {"seed": 0})
