"""Intervals and differences, compared with scores of draws made one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hearkit.evaluation import certainty
from hearkit.evaluation.events import EventTable
from hearkit.evaluation.predictions import Predictions
from hearkit.evaluation.scores import SCORES
from hearkit.evaluation.tasks.task import Event

NEEDS = ("scipy", "sklearn")

LABELS = ("a", "b", "c")


def scenes(seed: int, n: int = 40, skill: float = 1.0, split: str = "test") -> Predictions:
    """Random predictions, as good as `skill`."""
    generator = np.random.default_rng(seed)
    true = np.random.default_rng(0).integers(0, 3, n)
    targets = np.eye(3, dtype=np.uint8)[true]
    scores = generator.normal(size=(n, 3)).round(1) + skill * targets
    files = tuple(f"{number}.wav" for number in range(n))
    starts = np.arange(n + 1)
    return Predictions(split, seed, files, starts, scores.astype(np.float32), targets)


def table(events: Sequence[Sequence[Event]]) -> EventTable:
    return EventTable.of(events, LABELS)


@pytest.mark.parametrize("score", [name for name, one in SCORES.items() if one.of_labels])
def test_a_draw_scores_as_the_score_of_its_recordings(score: str) -> None:
    one = scenes(1)
    generator = np.random.default_rng(2)
    weights = generator.multinomial(40, np.full(40, 1 / 40), size=5).astype(np.float32)
    found = certainty._scored(one, score, weights)
    of_labels = SCORES[score].of_labels
    assert of_labels is not None
    for value, drawn in zip(found, weights.astype(int), strict=True):
        rows = np.repeat(np.arange(40), drawn)
        expected = of_labels(one.predictions[rows], one.targets[rows])
        assert value == pytest.approx(expected, rel=1e-6)


some_events = st.lists(
    st.builds(
        lambda label, start, length: Event(label, 50.0 * start, 50.0 * (start + length)),
        st.sampled_from(LABELS),
        st.integers(0, 40),
        st.integers(1, 20),
    ),
    max_size=5,
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(some_events, some_events), min_size=2, max_size=4),
    st.data(),
)
@pytest.mark.parametrize("score", [name for name, one in SCORES.items() if one.of_events])
def test_a_draw_of_recordings_scores_as_the_score_of_their_events(
    score: str, files: list[tuple[list[Event], list[Event]]], data: st.DataObject
) -> None:
    drawn = data.draw(st.lists(st.integers(0, len(files) - 1), min_size=1, max_size=5))
    one = Predictions(
        "test",
        42,
        tuple(map(str, range(len(files)))),
        np.arange(len(files) + 1),
        np.zeros((len(files), 3), np.float32),
        np.zeros((len(files), 3), np.uint8),
        table([predicted for predicted, _ in files]),
        table([reference for _, reference in files]),
    )
    weights = np.bincount(drawn, minlength=len(files))[None].astype(np.float32)
    (found,) = certainty._scored(one, score, weights)
    of_events = SCORES[score].of_events
    assert of_events is not None
    predicted, reference = (table([files[n][side] for n in drawn]) for side in (0, 1))
    if not len(reference):
        return  # without references no score is defined
    expected = next(iter(of_events(predicted, reference, 3).values()))
    assert found == pytest.approx(expected, nan_ok=True)


def test_the_interval_over_recordings_holds_the_score_and_narrows() -> None:
    small, large = scenes(1, 40), scenes(1, 4000)
    widths = []
    for one in (small, large):
        found = certainty.over_recordings([one], "top1_acc")
        assert found is not None
        assert found.n == len(one.files)
        value = (one.predictions.argmax(1) == one.targets.argmax(1)).mean()
        assert found.low < value < found.high
        widths.append(found.high - found.low)
        # The binomial's deviation, to which the bootstrap comes close.
        assert widths[-1] == pytest.approx(3.92 * np.sqrt(value * (1 - value) / found.n), rel=0.2)
    assert widths[1] < widths[0] / 5


def test_folds_and_seeds_are_averaged() -> None:
    parts = [scenes(seed, split=split) for seed in (42, 43) for split in ("fold00", "fold01")]
    found = certainty.over_recordings(parts, "top1_acc")
    assert found is not None
    assert found.n == 80
    mean = np.mean([(p.predictions.argmax(1) == p.targets.argmax(1)).mean() for p in parts])
    assert found.low < mean < found.high


def test_the_interval_over_seeds_is_students() -> None:
    values = [0.5, 0.6, 0.55, 0.58]
    found = certainty.over_seeds(values)
    assert found is not None
    expected = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert (found.low, found.high, found.n) == (*map(pytest.approx, expected), 4)
    assert certainty.over_seeds([0.5]) is None
    assert certainty.over_seeds([0.5, float("nan")]) is None


def test_a_clear_difference_is_separable_and_none_is_not() -> None:
    weak, strong, other = scenes(1, 300, 0.5), scenes(2, 300, 3.0), scenes(3, 300, 0.5)
    clear = certainty.difference([strong], [weak], "top1_acc")
    assert clear is not None
    assert clear.separable
    assert clear.value > 0.2
    none = certainty.difference([other], [weak], "top1_acc")
    assert none is not None
    assert not none.separable
    same = certainty.difference([weak], [weak], "top1_acc")
    assert same is not None
    assert (same.value, same.separable) == (0.0, False)


def test_pairing_sees_what_separate_intervals_do_not() -> None:
    """One more hit in 20 of 1000 recordings: far within each interval, yet never the other way."""
    base = scenes(1, 1000, 1.0)
    better = base.predictions.copy()
    wrong = np.flatnonzero(base.predictions.argmax(1) != base.targets.argmax(1))[:20]
    better[wrong] = 10.0 * base.targets[wrong]
    improved = Predictions("test", 42, base.files, base.starts, better, base.targets)
    found = certainty.difference([improved], [base], "top1_acc")
    assert found is not None
    assert found.value == pytest.approx(0.02)
    assert found.separable


def test_results_on_other_recordings_have_no_difference() -> None:
    assert certainty.difference([scenes(1, 40)], [scenes(1, 41)], "top1_acc") is None
