"""The contract on input audio."""

import pytest
import torch

from hearbaseline._audio import check_audio


def test_good_audio_passes() -> None:
    check_audio(torch.zeros(1, 1))
    check_audio(torch.zeros(3, 7)[:, ::2])


@pytest.mark.parametrize(
    ("audio", "words"),
    [
        (torch.zeros(5), ["(5,)", "audio[None]"]),
        (torch.zeros(1, 2, 3), ["(1, 2, 3)", "mono"]),
        (torch.zeros(0, 5), ["(0, 5)", "at least one"]),
        (torch.zeros(5, 0), ["(5, 0)", "at least one", "leave"]),
        (torch.zeros(1, 5, dtype=torch.int16), ["torch.int16", "full scale"]),
        (torch.zeros(1, 5, dtype=torch.float64), ["torch.float64", ".float()"]),
        ([[0.0, 1.0]], ["list", "torch.from_numpy"]),
    ],
)
def test_anything_else_is_refused_in_one_line(audio: torch.Tensor, words: list[str]) -> None:
    with pytest.raises(ValueError, match="float32 tensor of shape") as caught:
        check_audio(audio)
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words)
