import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from hearkit.evaluation.scores.labels import (
    accuracy,
    area_under_roc,
    areas_under_roc,
    chroma_accuracy,
    d_prime,
    mean_average_precision,
)

NEEDS = ("scipy", "sklearn")

Made = tuple[np.ndarray, np.ndarray]


@st.composite
def rows(draw: st.DrawFn) -> Made:
    """Probabilities, many of them equal in some examples, and targets; some labels without any."""
    n_rows, n_labels = draw(st.integers(2, 60)), draw(st.integers(2, 13))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels = draw(st.sampled_from((2, 5, 1000)))
    probabilities = (generator.integers(0, levels, (n_rows, n_labels)) / levels).astype(np.float32)
    share = draw(st.sampled_from((0.02, 0.3, 0.98)))
    return probabilities, (generator.random((n_rows, n_labels)) < share).astype(np.uint8)


def theirs(
    function: Callable[..., object], targets: np.ndarray, *args: object, **more: object
) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(targets.astype(np.float32), *args, **more)


@settings(deadline=None, max_examples=80)
@given(rows())
def test_average_precision_and_areas_are_scikit_learns_to_the_last_bit(made: Made) -> None:
    probabilities, targets = made
    assert mean_average_precision(probabilities, targets) == theirs(
        average_precision_score, targets, probabilities, average="macro"
    )
    areas = theirs(roc_auc_score, targets, probabilities, average=None)
    np.testing.assert_array_equal(areas_under_roc(probabilities, targets), areas)
    np.testing.assert_array_equal(
        area_under_roc(probabilities, targets),
        theirs(roc_auc_score, targets, probabilities, average="macro"),
    )
    with np.errstate(invalid="ignore"):
        expected = np.mean(stats.norm().ppf(areas) * np.sqrt(2.0))
    np.testing.assert_array_equal(d_prime(probabilities, targets), expected)


@settings(deadline=None, max_examples=40)
@given(rows())
def test_accuracies_are_those_of_a_loop(made: Made) -> None:
    probabilities, targets = made
    pairs = [(np.argmax(p), np.argmax(t)) for p, t in zip(probabilities, targets, strict=True)]
    assert accuracy(probabilities, targets) == sum(p == t for p, t in pairs) / len(pairs)
    assert chroma_accuracy(probabilities, targets) == sum(p % 12 == t % 12 for p, t in pairs) / len(
        pairs
    )


def test_the_first_of_equal_probabilities_is_the_prediction() -> None:
    equal = np.full((2, 3), 0.5, np.float32)
    assert accuracy(equal, np.eye(3, dtype=np.uint8)[[0, 1]]) == 0.5


def test_pitches_an_octave_apart_have_one_chroma() -> None:
    probabilities = np.eye(25, dtype=np.float32)[[0, 12, 24, 1]]
    targets = np.eye(25, dtype=np.uint8)[[12, 12, 0, 2]]
    assert accuracy(probabilities, targets) == 0.25
    assert chroma_accuracy(probabilities, targets) == 0.75


def test_probabilities_that_are_not_finite_are_refused() -> None:
    wrong = np.array([[0.5, np.nan], [0.1, 0.2]], np.float32)
    with pytest.raises(ValueError, match="not finite"):
        area_under_roc(wrong, np.eye(2, dtype=np.uint8))
