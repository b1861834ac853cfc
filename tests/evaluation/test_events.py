import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearkit.evaluation.data import SplitData
from hearkit.evaluation.events import EventTable, Frames, Postprocessing, postprocessings
from hearkit.evaluation.tasks.task import Event

from .made import LABELS, metadata
from .plain import events_of_frames

NEEDS = ("scipy",)


def split_of(times: list[list[float]]) -> SplitData:
    """A split with frames at these times of each recording."""
    starts = np.cumsum([0, *map(len, times)])
    n_rows = int(starts[-1])
    return SplitData(
        "test",
        np.zeros((n_rows, 1), np.float32),
        np.zeros((n_rows, len(LABELS)), np.uint8),
        tuple(f"{n}.wav" for n in range(len(times))),
        starts,
        np.array([time for some in times for time in some], float),
        tuple(() for _ in times),
    )


@st.composite
def frames(draw: st.DrawFn) -> tuple[list[list[float]], np.ndarray]:
    """Timestamps of a few recordings, and probabilities around a half.

    No window is 8 times as long as a recording: SciPy 1.17 reads foreign memory there.
    """
    times = []
    for _ in range(draw(st.integers(1, 4))):
        hop = draw(st.sampled_from((25.0, 49.9, 50.0, 100.0)))
        n = draw(st.integers(6, 40))
        times.append([hop * k for k in range(n)])
    n_rows = sum(map(len, times))
    levels = np.array([0.0, 0.25, 0.5, np.nextafter(np.float32(0.5), np.float32(1)), 0.75, 1.0])
    seed = draw(st.integers(0, 2**32 - 1))
    chosen = np.random.default_rng(seed).integers(0, len(levels), (n_rows, len(LABELS)))
    return times, levels[chosen].astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(
    frames(),
    st.sampled_from((0.0, 25.0, 60.0, 150.0, 250.0, 1000.0)),
    st.sampled_from((0.0, 50.0, 125.0)),
)
def test_events_are_those_of_a_loop_over_frames(
    made: tuple[list[list[float]], np.ndarray], filter_ms: float, least_ms: float
) -> None:
    times, probabilities = made
    split = split_of(times)
    way = Postprocessing(filter_ms, least_ms)
    found = Frames(split).events(probabilities, (way,))[way].by_file(len(times), LABELS)
    for n, of_file in enumerate(times):
        rows = probabilities[split.starts[n] : split.starts[n + 1]]
        assert list(found[n]) == events_of_frames(rows, of_file, LABELS, filter_ms, least_ms)


def test_an_event_ends_with_its_last_frame_and_the_threshold_is_strict() -> None:
    probabilities = np.zeros((5, len(LABELS)), np.float32)
    probabilities[1:4, 2] = 0.6
    probabilities[:, 0] = 0.5
    way = Postprocessing(0, 100)
    found = Frames(split_of([[0, 50, 100, 150, 200]])).events(probabilities, (way,))[way]
    assert found.by_file(1, LABELS) == ((("rain", 50.0, 150.0),),)
    longer = Postprocessing(0, 100.001)
    assert (
        len(Frames(split_of([[0, 50, 100, 150, 200]])).events(probabilities, (longer,))[longer])
        == 0
    )


def test_runs_of_neighbouring_recordings_are_apart() -> None:
    probabilities = np.ones((4, len(LABELS)), np.float32)
    way = Postprocessing(0, 0)
    found = Frames(split_of([[0, 50], [0, 50]])).events(probabilities, (way,))[way]
    assert len(found) == 2 * len(LABELS)


def test_frames_are_sorted_by_time_and_the_last_of_equal_timestamps_counts() -> None:
    probabilities = np.zeros((4, len(LABELS)), np.float32)
    probabilities[:, 1] = (1, 1, 0, 1)
    way = Postprocessing(0, 0)
    found = Frames(split_of([[100, 50, 100, 0]])).events(probabilities, (way,))[way]
    assert found.by_file(1, LABELS) == ((("NA", 0.0, 50.0),),)


def test_a_recording_with_one_frame_is_not_filtered() -> None:
    way = Postprocessing(250, 0)
    ones = np.ones((1, len(LABELS)), np.float32)
    assert len(Frames(split_of([[0]])).events(ones, (way,))[way]) == len(LABELS)


@pytest.mark.parametrize("n_frames", [1, 2, 7])
def test_no_events_at_all(n_frames: int) -> None:
    way = Postprocessing(100, 0)
    none = np.zeros((n_frames, len(LABELS)), np.float32)
    found = Frames(split_of([[50.0 * n for n in range(n_frames)]])).events(none, (way,))[way]
    assert found.by_file(1, LABELS) == ((),)


def test_ways_to_try_are_the_default_or_the_tasks_own() -> None:
    assert postprocessings(metadata("event")) == (
        Postprocessing(250, 125),
        Postprocessing(250, 250),
    )
    own = {"median_filter_ms": (150,), "min_duration": (50,)}
    assert postprocessings(metadata("event", postprocessing_grid=own)) == (Postprocessing(150, 50),)


def test_a_table_has_a_row_for_each_event() -> None:
    table = EventTable.of([[Event("7", 1.0, 2.0)], [], [Event("dog", 3.0, 4.5)]], LABELS)
    assert table.files.tolist() == [0, 2]
    assert table.labels.tolist() == [3, 0]
    assert table.ends.tolist() == [2.0, 4.5]
    assert len(EventTable.of([[], []], LABELS)) == 0
