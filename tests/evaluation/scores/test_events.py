import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hearkit.evaluation.events import EventTable
from hearkit.evaluation.scores import SCORES
from hearkit.evaluation.scores.events import (
    Match,
    count_matches,
    event_scores,
    segment_error_rate,
)
from hearkit.evaluation.tasks.task import Event

from ..made import LABELS
from ..plain import PlainEvent, matches, segment_errors

NEEDS = ("scipy",)

Files = list[list[PlainEvent]]

# Times on a grid of 50 ms meet the collars exactly; others come near them.
TIMES = st.one_of(
    st.integers(0, 60).map(lambda n: 50.0 * n),
    st.floats(0, 3000, allow_nan=False).map(lambda t: round(t, 3)),
)
EVENTS = st.tuples(st.sampled_from(LABELS[:2]), TIMES, TIMES).map(
    lambda e: (e[0], min(e[1], e[2]), max(e[1], e[2]))
)
LISTS = st.integers(1, 3).flatmap(
    lambda n: st.tuples(
        *[st.lists(st.lists(EVENTS, max_size=9), min_size=n, max_size=n) for _ in range(2)]
    )
)
MATCHES = st.sampled_from((Match(0.2), Match(0.05), Match(0.05, 0.2)))


def table(files: Files) -> EventTable:
    return EventTable.of([[Event(*event) for event in one] for one in files], LABELS)


@settings(deadline=None, max_examples=200)
@given(LISTS, MATCHES)
@example(([[("dog", 0.0, 100.0)]], [[("dog", 200.0, 300.0)]]), Match(0.2))
@example(([[("dog", 100.1, 100.1)]], [[("dog", 300.1, 300.1)]]), Match(0.2))
def test_matches_are_those_of_each_recording_by_augmenting_paths(
    lists: tuple[Files, Files], match: Match
) -> None:
    predicted, reference = lists
    expected = sum(
        matches(one, other, match.collar, match.offset_share)
        for one, other in zip(predicted, reference, strict=True)
    )
    assert count_matches(table(predicted), table(reference), match) == expected


@settings(deadline=None, max_examples=100)
@given(LISTS)
def test_segment_errors_are_those_of_loops_over_segments(lists: tuple[Files, Files]) -> None:
    predicted, reference = lists
    counts = np.sum(
        [segment_errors(a, b, 1.0) for a, b in zip(predicted, reference, strict=True)], axis=0
    )
    n_reference = counts[3] + np.spacing(1)
    expected = sum(float(count / n_reference) for count in counts[:3])
    found = segment_error_rate(table(predicted), table(reference), len(LABELS), 1.0)
    assert found == {"error_rate": expected}


def test_greedy_matching_would_find_fewer() -> None:
    # The first prediction fits both references, the second only the first.
    reference = [[("dog", 1000.0, 1100.0), ("dog", 1150.0, 1200.0)]]
    predicted = [[("dog", 1080.0, 1100.0), ("dog", 850.0, 900.0)]]
    assert count_matches(table(predicted), table(reference), Match(0.2)) == 2


def test_a_label_or_recording_of_another_event_does_not_match() -> None:
    reference = [[("dog", 0.0, 100.0)], []]
    assert count_matches(table([[("NA", 0.0, 100.0)], []]), table(reference), Match(0.2)) == 0
    assert count_matches(table([[], [("dog", 0.0, 100.0)]]), table(reference), Match(0.2)) == 0


def test_without_predictions_precision_and_f_measure_are_nan() -> None:
    found = event_scores(table([[]]), table([[("dog", 0.0, 1.0)]]), Match(0.2))
    assert math.isnan(found["f_measure"])
    assert math.isnan(found["precision"])
    assert found["recall"] == 0


def test_without_a_match_the_f_measure_is_zero() -> None:
    found = event_scores(table([[("NA", 0.0, 1.0)]]), table([[("dog", 0.0, 1.0)]]), Match(0.2))
    assert found == {"f_measure": 0.0, "precision": 0.0, "recall": 0.0}


def test_all_scores_have_the_oracles_names_and_directions() -> None:
    assert {name for name, score in SCORES.items() if not score.maximize} == {"segment_1s_er"}
    assert set(SCORES) == {
        "top1_acc",
        "pitch_acc",
        "chroma_acc",
        "mAP",
        "aucroc",
        "d_prime",
        "event_onset_200ms_fms",
        "event_onset_50ms_fms",
        "event_onset_offset_50ms_20perc_fms",
        "segment_1s_er",
    }
