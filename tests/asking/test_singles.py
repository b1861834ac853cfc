"""Centres of single bursts, on responses whose centre and drift are known."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from validator.asking.measure import above_background
from validator.asking.singles import Singles, singles
from validator.checks.timestamps._bursts import _REACH_MS, LENGTH_S, _burst_times

Floats = NDArray[np.float64]
Moves = Callable[[Floats, float], Floats]


def found(moves: Moves, hop_ms: float, claimed_ms: float = 0.0) -> Singles | None:
    """What is found of a model.

    Args:
        moves: By how much frames at these times are moved by a burst at that time.
        hop_ms: What frames are apart.
        claimed_ms: What timestamps are apart, if that is something else.
    """
    first, last = _burst_times(claimed_ms or hop_ms)
    frames: Floats = np.arange(0, 1000 * LENGTH_S, hop_ms)
    times: Floats = np.arange(len(frames), dtype=np.float64) * (claimed_ms or hop_ms)
    groups = []
    for bursts_s in (first, last):
        bursts = np.asarray(1000 * np.array(bursts_s), np.float64)
        change: Floats = np.max([moves(frames, burst) for burst in bursts], axis=0)
        groups.append((bursts, above_background(times, change, bursts, _REACH_MS)))
    beginning, end = groups
    return singles(times, (beginning, end), _REACH_MS)


def window(width_ms: float, centre_ms: float = 0.0) -> Moves:
    def moves(frames: Floats, burst: float) -> Floats:
        apart = np.abs(frames + centre_ms - burst)
        return np.asarray(np.maximum(1 - apart / width_ms, 0), np.float64)

    return moves


def block(length_ms: float, own: float = 0.0) -> Moves:
    """All frames of a block move, those next to the burst further."""

    def moves(frames: Floats, burst: float) -> Floats:
        whole = (frames // length_ms == burst // length_ms).astype(np.float64)
        return np.asarray(whole + own * (np.abs(frames - burst) < 15), np.float64)

    return moves


@pytest.mark.parametrize("hop_ms", [5.0, 10.0, 11.61, 20.0, 50.0])
@pytest.mark.parametrize("centre_ms", [0.0, -32.0, 80.0])
def test_a_window_has_its_centre_and_no_drift(hop_ms: float, centre_ms: float) -> None:
    one = found(window(2 * hop_ms + 40, centre_ms), hop_ms)
    assert one is not None
    assert not one.locked
    assert one.level == 0.5
    assert one.centre_ms == pytest.approx(-centre_ms, abs=hop_ms / 6 + 0.5)
    assert abs(one.slope) * 17_000 < hop_ms / 20


@pytest.mark.parametrize("drift", [-0.02, -0.008, 0.004, 0.01, 0.02])
@pytest.mark.parametrize("hop_ms", [10.0, 25.0, 50.0])
def test_a_drift_of_any_size_is_measured(hop_ms: float, drift: float) -> None:
    one = found(window(2 * hop_ms + 40), hop_ms, hop_ms * (1 + drift))
    assert one is not None
    assert not one.locked
    assert one.slope == pytest.approx(drift, abs=0.15 * abs(drift) + hop_ms / 17_000 / 8)


@pytest.mark.parametrize("length_ms", [400, 500, 700, 1000, 1700, 2000, 3000, 5000, 7300, 10_000])
@pytest.mark.parametrize("hop_ms", [10.0, 20.0, 50.0])
def test_blocks_that_move_as_a_whole_have_no_centre(length_ms: float, hop_ms: float) -> None:
    one = found(block(length_ms), hop_ms)
    assert one is None or one.locked or abs(one.centre_ms) < one.width_ms / 4


@pytest.mark.parametrize("length_ms", [300, 500, 1000, 2000, 5000, 10_000])
@pytest.mark.parametrize("hop_ms", [10.0, 20.0])
def test_in_a_block_what_moves_furthest_shows_the_centre(length_ms: float, hop_ms: float) -> None:
    one = found(block(length_ms, own=0.5), hop_ms)
    assert one is not None
    assert not one.locked
    assert abs(one.centre_ms) <= hop_ms / 2 + one.width_ms / 4 + 1


def test_where_nothing_moves_nothing_is_told() -> None:
    assert found(lambda frames, _: np.zeros(len(frames)), 20.0) is None


@pytest.mark.parametrize("hop_ms", [10.0, 20.0, 50.0])
def test_bursts_meet_all_phases_of_every_block(hop_ms: float) -> None:
    first, last = _burst_times(hop_ms)
    for length in np.arange(0.3, 2.0, 0.01):
        phases = np.sort(np.array([*first, *last]) % length / length)
        gaps = np.diff([*phases, phases[0] + 1])
        assert gaps.max() < 0.6, length
