"""Targets of recordings and frames."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hearkit.evaluation.tasks.targets import of_frames, of_recordings
from hearkit.evaluation.tasks.task import Event

LABELS = ("a", "b", "c")

# Times on a coarse grid, so that frames at the very start and end of events are common.
times = st.integers(0, 40).map(lambda n: 25.0 * n)
events = st.builds(
    lambda label, start, length: Event(label, start, start + length),
    st.sampled_from(LABELS),
    times,
    times,
)


def by_definition(timestamps: np.ndarray, found: list[Event]) -> np.ndarray:
    """What an interval tree with `end + 0.0001` answers for each timestamp."""
    rows = [
        [any(e.label == label and e.start <= t < e.end + 0.0001 for e in found) for label in LABELS]
        for t in timestamps
    ]
    return np.array(rows, np.uint8).reshape(len(timestamps), len(LABELS))


@given(st.lists(times | st.floats(0, 1000), max_size=30), st.lists(events, max_size=12))
def test_frames_have_the_labels_of_the_events_at_their_timestamp(
    timestamps: list[float], found: list[Event]
) -> None:
    array = np.array(timestamps, np.float64)
    np.testing.assert_array_equal(of_frames(array, found, LABELS), by_definition(array, found))


def test_a_frame_at_the_end_has_the_label_and_the_next_does_not() -> None:
    found = of_frames(np.array([99.9, 100.0, 100.00005, 100.0001]), [Event("a", 100, 100)], LABELS)
    assert found[:, 0].tolist() == [0, 1, 1, 0]


def test_recordings_have_all_of_their_labels() -> None:
    found = of_recordings([("a",), (), ("c", "b")], LABELS)
    assert found.dtype == np.uint8
    assert found.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 1]]
