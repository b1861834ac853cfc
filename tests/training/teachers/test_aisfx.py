"""aiSFX's frames are where its layout says."""

import torch

from training.teachers.aisfx import SAMPLE_RATE, Network, layout


def test_frames_are_where_the_layout_says() -> None:
    torch.manual_seed(0)
    network = Network().eval()
    seconds = 4
    described = layout(seconds)
    silence = torch.zeros(1, seconds * SAMPLE_RATE)
    click = silence.clone()
    at = 2.0
    click[0, int(at * SAMPLE_RATE)] = 1
    change = (network(click) - network(silence))[0].square().sum(dim=1)
    assert change.shape == (described.n_frames,)
    times = described.first + described.hop * torch.arange(described.n_frames)
    seen = float(change @ times / change.sum())
    assert abs(seen - at) < described.hop / 2
    assert network(silence).shape[2] == described.size
