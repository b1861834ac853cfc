"""Statistics of mel-frequency cepstral coefficients, the classical description of a sound.

Davis and Mermelstein: "Comparison of Parametric Representations for Monosyllabic Word Recognition
in Continuously Spoken Sentences", IEEE TASSP 28(4), 1980.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16000

COEFFICIENTS, FRAME, HOP = 20, 2048, 512
"""librosa's defaults, as are the 128 mel bands; frames of 128 ms every 32 ms."""


def statistics(clip: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean and standard deviation over time, of the coefficients and of their slopes.

    Args:
        clip: Shape (n_samples,), at 16000 Hz.

    Returns:
        Shape (80,).
    """
    import librosa

    with warnings.catch_warnings():
        # Of clips shorter than a frame: it adds zeros at both ends of every clip.
        warnings.filterwarnings("ignore", message="n_fft=.* is too large")
        coefficients = librosa.feature.mfcc(
            y=clip, sr=SAMPLE_RATE, n_mfcc=COEFFICIENTS, n_fft=FRAME, hop_length=HOP
        )
    # The edges are repeated: the shortest clips have fewer than the nine frames of a slope.
    slopes = librosa.feature.delta(coefficients, mode="nearest")
    both = np.concatenate([coefficients, slopes])
    described: NDArray[np.float32] = np.concatenate([both.mean(axis=1), both.std(axis=1)])
    return described.astype(np.float32)
