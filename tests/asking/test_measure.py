"""What checks measure, on numbers whose answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from validator.asking.measure import Response, likeness, relative_errors, response

HOP_MS = 20.0
TIMES_MS = np.arange(0, 30_000, HOP_MS)
REACH_MS = 1000.0


def bursts_ms(hop_ms: float = HOP_MS, first_ms: float = 1000.0) -> NDArray[np.float64]:
    """Six bursts that meet six phases of the hop."""
    return np.asarray(first_ms + np.arange(6) * (2100 + hop_ms / 6), np.float64)


def bumps(
    centre_ms: float, width_ms: float, times_ms: NDArray[np.float64] = TIMES_MS
) -> NDArray[np.float64]:
    """A change in triangles, at an offset from every burst, with this width at half height."""
    apart = times_ms[:, None] - (bursts_ms() + centre_ms)
    change: NDArray[np.float64] = np.maximum(1 - np.abs(apart) / width_ms, 0).sum(axis=1)
    return change


def seen(change: NDArray[np.float64]) -> Response:
    return response(TIMES_MS, change, bursts_ms(), REACH_MS)


@given(st.floats(0, 1e-2), st.integers(1, 5))
def test_relative_error_is_the_size_of_a_disturbance(error: float, n_sounds: int) -> None:
    reference = np.random.default_rng(0).normal(size=(n_sounds, 7, 3))
    assert relative_errors(reference, reference * (1 + error)) == pytest.approx(
        np.full(n_sounds, error)
    )


def test_relative_error_belongs_to_one_sound_alone() -> None:
    reference = np.ones((3, 4), np.float32)
    other = reference.copy()
    other[1, 0] += 1
    assert relative_errors(reference, other).tolist() == [0, 0.5, 0]


def test_a_sound_whose_embedding_is_almost_zero_is_measured_against_the_batch() -> None:
    reference = np.array([[1.0, 0.0], [1.0, 0.0], [1e-9, 0.0]])
    other = reference + np.array([0.0, 1e-9])
    assert relative_errors(reference, other).max() < 1e-5


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_infinitely_wrong(strange: float) -> None:
    reference, other = np.ones((2, 3)), np.ones((2, 3))
    other[1, 2] = strange
    assert relative_errors(reference, other).tolist() == [0, np.inf]


def test_other_shapes_are_infinitely_wrong() -> None:
    assert relative_errors(np.ones((2, 3)), np.ones((2, 4))).tolist() == [np.inf, np.inf]


def test_numbers_near_the_end_of_float32_do_not_overflow() -> None:
    large = np.full((1, 4), 3e38, np.float32)
    assert relative_errors(large, large / 2) == pytest.approx([0.5])


@given(st.floats(-200, 200), st.floats(25, 300))
def test_the_centre_is_found_finer_than_the_hop(centre_ms: float, width_ms: float) -> None:
    found = seen(bumps(centre_ms, width_ms))
    assert found.centre_ms == pytest.approx(centre_ms, abs=HOP_MS / 4)
    assert found.centroid_ms == pytest.approx(centre_ms, abs=HOP_MS / 4)
    assert found.width_ms == pytest.approx(width_ms, abs=HOP_MS)
    assert found.near == 1


def test_what_moves_everywhere_is_not_the_response() -> None:
    found = seen(bumps(0.0, 60.0) + 0.3)
    assert found.centre_ms == pytest.approx(0, abs=HOP_MS / 4)
    assert found.width_ms == pytest.approx(60, abs=HOP_MS)
    assert found.contrast == pytest.approx(1.3 / 0.3, rel=0.1)


def test_a_long_aftermath_of_a_single_burst_is_left_out() -> None:
    change = bumps(0.0, 60.0)
    change[(TIMES_MS > 3300) & (TIMES_MS < 3900)] = 0.8
    assert seen(change).centre_ms == pytest.approx(0, abs=HOP_MS / 4)


def test_a_change_that_decays_has_its_peak_at_the_burst() -> None:
    apart = TIMES_MS[:, None] - bursts_ms()
    change = np.where(apart >= 0, np.exp(-apart / 100), 0).max(axis=1)
    found = seen(change)
    assert abs(found.peak_ms) < HOP_MS
    assert found.centre_ms > HOP_MS


def test_changes_in_other_places_are_not_near() -> None:
    found = response(TIMES_MS, bumps(8000.0, 60.0), bursts_ms(), REACH_MS)
    assert found.near < 0.5
    assert found.answered < 0.5


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_timestamps_and_no_change_give_an_empty_response(n: int) -> None:
    found = response(np.arange(n) * 1000.0, np.zeros(n), bursts_ms(), REACH_MS)
    assert found.contrast == 0
    assert np.isnan(found.centre_ms)


def test_a_single_timestamp_far_from_every_burst_is_no_response() -> None:
    assert response(np.array([15_500.0]), np.ones(1), bursts_ms(), REACH_MS).contrast == 0


def test_responses_of_one_shape_are_alike_once_moved_back() -> None:
    one, other = seen(bumps(0.0, 60.0)), seen(bumps(30.0, 60.0))
    assert likeness(one, other, 30.0) > 0.98
    assert likeness(one, other, 0.0) < 0.9
    assert likeness(one, seen(bumps(0.0, 400.0)), 0.0) < 0.9


def test_nothing_is_like_an_empty_response() -> None:
    assert likeness(seen(bumps(0.0, 60.0)), seen(np.zeros(len(TIMES_MS))), 0.0) == 0
