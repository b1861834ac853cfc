"""The general baseline's front end, compared with its definition."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch

from hearbaseline._bands import mel_edges
from hearbaseline.general.spectra import (
    FLOOR,
    LONG_WINDOW,
    LOWEST,
    MEL_BANDS,
    PER_OCTAVE,
    SHORT_FFT,
    SHORT_WINDOW,
    Spectra,
    pitch_edges,
    triangles,
)

NEEDS = ("librosa",)

mels = partial(mel_edges, MEL_BANDS, 8000)


def tone(hertz: float, seconds: float = 1.0, level: float = 0.5) -> torch.Tensor:
    times = torch.arange(int(seconds * 16000), dtype=torch.float64) / 16000
    return (level * torch.sin(2 * torch.pi * hertz * times)).float()[None]


@pytest.mark.parametrize(
    ("which", "window", "n_fft", "hop", "edges"),
    [(0, SHORT_WINDOW, SHORT_FFT, 160, mels), (1, LONG_WINDOW, LONG_WINDOW, 320, pitch_edges)],
)
def test_frames_are_what_the_definition_says(
    which: int, window: int, n_fft: int, hop: int, edges: Callable[[], list[float]]
) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 16000) * np.linspace(0, 1, 16000)
    seen = Spectra()(torch.from_numpy(noise.astype(np.float32))[None])[which][0].numpy()
    padded = np.pad(noise, window // 2)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    bands = triangles(edges(), n_fft).double().numpy()
    powers = []
    for begin in range(0, len(noise) + 1, hop):
        frame = padded[begin : begin + window] * hann / np.sqrt(np.square(hann).sum())
        powers.append(np.abs(np.fft.rfft(frame, n_fft)) ** 2 @ bands)
    decibels = 10 * np.log10(np.maximum(powers / np.max(powers), 1e-8))
    np.testing.assert_allclose(seen, 1 + decibels / 80, atol=1e-3)


def test_the_mel_scale_is_slaneys() -> None:
    from librosa import mel_frequencies

    np.testing.assert_allclose(mels(), mel_frequencies(82, fmin=0, fmax=8000), rtol=1e-6)


@pytest.mark.parametrize("semitones", [12, 33, 60, 90])
def test_a_tone_is_in_the_band_of_its_note(semitones: int) -> None:
    _, long = Spectra()(tone(LOWEST * 2 ** (semitones / 12)))
    assert int(long[0, 25].argmax()) == semitones * PER_OCTAVE // 12


def test_level_changes_nothing_and_silence_is_silent() -> None:
    spectra = Spectra()
    for loud, quiet in zip(spectra(tone(500)), spectra(tone(500, level=0.005)), strict=True):
        torch.testing.assert_close(loud, quiet, atol=1e-3, rtol=0)
        assert loud.max() == 1
    for silent in spectra(torch.zeros(1, 4000)):
        assert silent.abs().max() < 1e-6
    faint = torch.full((1, 16000), FLOOR**0.5 / 100).normal_(generator=torch.manual_seed(0))
    assert spectra(faint * FLOOR**0.5 / 100)[0].max() < 1


def test_a_sound_is_its_own_reference() -> None:
    loud, quiet = tone(500), tone(900, level=0.01)
    both = Spectra()(torch.cat([loud, quiet]))
    for k, sound in enumerate((loud, quiet)):
        for together, alone in zip(both, Spectra()(sound), strict=True):
            torch.testing.assert_close(together[k], alone[0])


def test_every_band_reads_something() -> None:
    for edges, n_fft in ((mels(), SHORT_FFT), (pitch_edges(), LONG_WINDOW)):
        weights = triangles(edges, n_fft)
        assert weights.min() >= 0
        torch.testing.assert_close(weights.sum(dim=0), torch.ones(weights.shape[1]))
