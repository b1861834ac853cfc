"""Timestamps that run away from the audio by a frame at a time, and those that do not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from validator.checks.length._places import is_sure, mark_times, marked, running
from validator.stimuli import noise, with_marks

Floats = NDArray[np.float64]

LENGTH_S = 1200.0
MARKS_MS: Floats = 1000 * np.array(mark_times(LENGTH_S, 0))
HOPS_MS = [5.0, 20.0, 50.0]


def heard(hop_ms: float, width_ms: float = 64.0, seed: int = 0, level: float = 1.0) -> Floats:
    """Embeddings of frames that marks move, and noise a little."""
    frames = np.arange(0, 1000 * LENGTH_S, hop_ms)
    apart = np.abs(frames - MARKS_MS[np.abs(frames[:, None] - MARKS_MS).argmin(1)])
    drawn = np.random.default_rng(seed)
    shape = (len(frames), 8)
    moved = 20 * level * np.maximum(1 - apart / (width_ms + 40), 0)[:, None]
    return np.asarray(drawn.normal(0, 1, shape) + moved * drawn.normal(1, 0.1, 8), np.float64)


def away(embeddings: Floats, hop_ms: float, allowed_ms: float = 0.0) -> bool | None:
    """Whether regular timestamps are found to run away; None where it cannot be told."""
    times: Floats = np.arange(len(embeddings), dtype=np.float64) * hop_ms
    found = running(embeddings, times, MARKS_MS, hop_ms)
    return None if found is None else is_sure(found, hop_ms, allowed_ms)


@pytest.mark.parametrize("hop_ms", HOPS_MS)
@pytest.mark.parametrize("width_ms", [10.0, 64.0, 400.0])
def test_embeddings_in_their_place_do_not_run_away(hop_ms: float, width_ms: float) -> None:
    assert away(heard(hop_ms, width_ms), hop_ms) is False


@pytest.mark.parametrize("hop_ms", HOPS_MS)
@pytest.mark.parametrize("piece_s", [45.0, 120.0, 590.0])
@pytest.mark.parametrize("lost", [True, False])
def test_a_frame_at_each_seam_is_found(hop_ms: float, piece_s: float, lost: bool) -> None:
    embeddings = heard(hop_ms)
    seams = np.arange(piece_s * 1000 / hop_ms, len(embeddings) - 1, piece_s * 1000 / hop_ms)
    numbers = np.arange(len(embeddings))
    places = seams.astype(int)
    kept = np.delete(numbers, places) if lost else np.insert(numbers, places, places)
    assert away(embeddings[kept], hop_ms) is True


def test_a_hop_that_is_known_of_is_allowed() -> None:
    embeddings = heard(20.0)
    stretched = np.linspace(0, 1000 * LENGTH_S, len(embeddings))
    found = running(embeddings, stretched, MARKS_MS, 20.0)
    assert found is not None
    assert found.drift_ms == pytest.approx(15.0, abs=4.0)
    assert is_sure(found, 20.0, 0.0)
    assert not is_sure(found, 20.0, 20.0)


def test_marks_that_move_nothing_or_whole_blocks_tell_nothing() -> None:
    assert away(heard(20.0, level=0.0), 20.0) is None
    block = np.arange(60_000) * 20 // 3000
    per_block = np.array([heard(20.0)[block == n].max(0) for n in range(block.max() + 1)])
    noisy = per_block[block] + np.random.default_rng(1).normal(0, 0.1, (60_000, 8))
    assert away(noisy, 20.0) in (None, False)


def test_marks_can_be_made_outside() -> None:
    sounds = noise(1, 480_000)
    stimulus = marked(sounds, 16000, 3)
    made = eval(stimulus.code, {"np": np, "with_marks": with_marks})
    np.testing.assert_array_equal(made, stimulus.audio)
    louder = np.abs(stimulus.audio) > 1.01 * np.abs(sounds.audio)
    assert louder.sum() == pytest.approx(len(mark_times(30.0, 3)) * 0.08 * 16000, rel=0.02)
    assert np.abs(stimulus.audio).max() <= 1
