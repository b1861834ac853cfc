"""The filter bank of aiSFX is librosa's."""

import numpy as np

from training.teachers.mel import htk

NEEDS = ("librosa",)


def test_the_filter_bank_is_librosas() -> None:
    from librosa.filters import mel

    expected = mel(sr=44100, n_fft=2048, n_mels=96, htk=True, norm=1)
    np.testing.assert_allclose(htk(44100, 2048, 96), expected, atol=1e-5)
