"""The teachers' filter banks are librosa's."""

import numpy as np

from training.teachers.mel import htk, slaney

NEEDS = ("librosa",)


def test_filter_banks_are_librosas() -> None:
    from librosa.filters import mel

    expected = mel(sr=16000, n_fft=400, n_mels=80)
    np.testing.assert_allclose(slaney(16000, 400, 80), expected, atol=1e-7)
    expected = mel(sr=44100, n_fft=2048, n_mels=96, htk=True, norm=1)
    np.testing.assert_allclose(htk(44100, 2048, 96), expected, atol=1e-5)
