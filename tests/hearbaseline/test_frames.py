"""Frames, their centres and their chunks."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hearbaseline._frames import Framing

RATES = (16000, 22050, 32000, 44100, 48000)

framings = st.builds(
    Framing,
    window=st.sampled_from([2, 64, 1024]),
    hop_ms=st.sampled_from([5.0, 10.0, 12.5, 23.21995, 25.0, 50.0, 250.0]),
    sample_rate=st.sampled_from(RATES),
)


def reference_frames(audio: torch.Tensor, framing: Framing) -> torch.Tensor:
    """Frames as the contract describes them, one at a time."""
    half = framing.window // 2
    padded = np.pad(audio.numpy(), ((0, 0), (half, half)))
    hop = Fraction(framing.hop_ms) * framing.sample_rate / 1000
    starts: list[int] = []
    while len(starts) * hop <= audio.shape[1]:
        starts.append(int(len(starts) * hop + Fraction(1, 2)))
    return torch.from_numpy(np.stack([padded[:, s : s + framing.window] for s in starts], 1))


@settings(deadline=None, max_examples=60)
@given(framings, st.integers(1, 3), st.integers(1, 6000), st.integers(1, 40))
def test_chunks_are_the_frames_of_the_padded_audio(
    framing: Framing, n_sounds: int, n_samples: int, size: int
) -> None:
    audio = torch.randn(n_sounds, n_samples)
    expected = reference_frames(audio, framing)
    seen = torch.full_like(expected, torch.nan)
    for sounds, frames, samples in framing.chunks(audio, size):
        assert samples.shape[0] * samples.shape[1] <= max(size, 1)
        seen[sounds, frames] = samples
    assert torch.equal(seen, expected)


@given(framings, st.integers(1, 2_000_000))
def test_timestamps_lie_inside_the_audio(framing: Framing, n_samples: int) -> None:
    (times,) = framing.timestamps(1, n_samples, torch.device("cpu")).double()
    assert len(times) == framing.count(n_samples)
    assert times[0] == 0
    end = 1000 * n_samples / framing.sample_rate
    assert end - framing.hop_ms - 0.13 < times[-1] <= end + 0.07


@pytest.mark.parametrize("hop_ms", [10.0, 25.0, 50.0])
@pytest.mark.parametrize("rate", RATES)
def test_timestamps_do_not_drift_over_twenty_minutes(rate: int, hop_ms: float) -> None:
    framing = Framing(1024, hop_ms, rate)
    n_samples = 20 * 60 * rate
    last = framing.count(n_samples) - 1
    centre_ms = 1000 * framing.start(last) / rate
    stamp = float(framing.timestamps(1, n_samples, torch.device("cpu"))[0, -1])
    # Half a sample of rounding in the frame, and float32 at 1.2e6 ms.
    assert abs(centre_ms - stamp) <= 500 / rate + 0.0625


def test_a_hop_rounded_once_would_drift_by_half_a_second() -> None:
    framing = Framing(1024, 25.0, 44100)
    frames = 20 * 60 * 40
    assert framing.start(frames) == frames * 44100 // 40
    assert framing.start(frames) - frames * round(1102.5) == frames // 2


def test_frames_are_views_where_the_hop_is_whole() -> None:
    audio = torch.randn(1, 44100)
    chunks = list(Framing(1024, 50.0, 44100).chunks(audio, 8))
    inner = chunks[1][2]
    assert inner.untyped_storage().data_ptr() == audio.untyped_storage().data_ptr()
