"""Scene embeddings of the stretch that is not silent."""

import torch

from hearbaseline.general.pooling import Stretch, change, largest, moments


def sounds(*stretches: tuple[int, int]) -> torch.Tensor:
    """Spectrograms of 50 frames that are loud in a stretch of each."""
    short = torch.zeros(len(stretches), 50, 8)
    for row, (first, last) in zip(short, stretches, strict=True):
        row[first : last + 1] = 0.9
    return short


def test_a_stretch_reaches_from_the_first_loud_frame_to_the_last() -> None:
    short = sounds((0, 49), (10, 20), (30, 30))
    short[1, 40] = 0.7  # quieter, but no silence
    stretch = Stretch.of(short)
    assert stretch.first.tolist() == [0, 10, 30]
    assert stretch.last.tolist() == [49, 40, 30]
    whole = Stretch.of(torch.zeros(1, 50, 8))
    assert (whole.first.item(), whole.last.item()) == (0, 49)


def test_frames_of_the_stretch_count_alike_at_every_rate() -> None:
    stretch = Stretch.of(sounds((0, 49), (10, 20), (13, 13), (49, 49)))
    for step, n_frames, inside in (
        (1, 50, [50, 11, 1, 1]),
        (2, 25, [25, 6, 1, 1]),
        (4, 13, [13, 3, 1, 1]),
    ):
        weights = stretch.weights(n_frames, step)
        assert weights.shape == (4, n_frames, 1)
        assert (weights > 0).sum(dim=1).flatten().tolist() == inside
        torch.testing.assert_close(weights.sum(dim=1), torch.ones(4, 1))


def test_silence_around_a_sound_changes_nothing() -> None:
    frames = torch.randn(1, 20, 3, generator=torch.Generator().manual_seed(0))
    padded = torch.cat([torch.full((1, 7, 3), 5.0), frames, torch.full((1, 9, 3), -5.0)], dim=1)
    inside = torch.zeros(1, 36, 1)
    inside[:, 7:27] = 1 / 20
    mean, deviation = moments(frames, torch.full((1, 20, 1), 1 / 20))
    for expected, seen in zip((mean, deviation), moments(padded, inside), strict=True):
        torch.testing.assert_close(seen, expected)
    torch.testing.assert_close(mean, frames.mean(dim=1))
    torch.testing.assert_close(deviation, frames.std(dim=1, correction=0))


def test_change_and_maximum_are_of_the_stretch_alone() -> None:
    frames = torch.tensor([[9.0, 1.0, 3.0, -2.0, 8.0], [9.0, 8.0, 7.0, 4.0, 6.0]])[:, :, None]
    weights = torch.tensor([[0.0, 1 / 3, 1 / 3, 1 / 3, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0]])[:, :, None]
    assert change(frames, weights).flatten().tolist() == [3.5, 0.0]
    assert largest(frames, weights).flatten().tolist() == [3.0, 4.0]
    assert change(frames[:, :1], torch.ones(2, 1, 1)).flatten().tolist() == [0.0, 0.0]
