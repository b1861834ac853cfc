"""From NumPy to a framework's tensors."""

import numpy as np
import pytest

from hearkit.api.frameworks import torch_


@pytest.mark.parametrize("layout", ["", "sliced", "strided"])
def test_a_submission_cannot_change_an_array_that_was_not_given_away(layout: str) -> None:
    audio = np.ones((2, 5), np.float32)
    torch_.tensor(audio, "cpu", layout).zero_()
    assert audio.all()


def test_an_hour_of_audio_that_was_given_away_is_not_there_twice() -> None:
    audio = np.ones((2, 5), np.float32)
    assert torch_.tensor(audio, "cpu", "", given_away=True).data_ptr() == audio.ctypes.data
    sliced = torch_.tensor(audio, "cpu", "sliced", given_away=True)
    assert not sliced.is_contiguous()
