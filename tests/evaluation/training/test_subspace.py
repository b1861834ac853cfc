"""Rows of a subspace are found, and heads learn the same from their places in it."""

from dataclasses import replace

import numpy as np
import pytest

from hearkit.evaluation.data import SplitData, TaskData
from hearkit.evaluation.outcome import Plan
from hearkit.evaluation.training import fused
from hearkit.evaluation.training.rows import Rows
from hearkit.evaluation.training.subspace import Subspace, subspace_of

from ..made import task

N_DIMENSIONS, N_FEATURES = 8, 200


def widened(data: TaskData) -> TaskData:
    """The same rows, projected to many more numbers."""
    generator = np.random.default_rng(3)
    projection = generator.normal(size=(N_DIMENSIONS, N_FEATURES)).astype(np.float32)
    splits = {n: replace(s, embeddings=s.embeddings @ projection) for n, s in data.splits.items()}
    return replace(data, splits=splits)


def rows_of(split: SplitData) -> Rows:
    return Rows([split], "multilabel", "cpu")


def found(split: SplitData) -> Subspace:
    subspace = subspace_of(rows_of(split), 1024)
    assert subspace is not None
    return subspace


def test_the_dimensions_of_projected_rows_are_found() -> None:
    split = widened(task("event")).splits["train"]
    subspace = found(split)
    assert subspace.basis.shape == (N_DIMENSIONS, N_FEATURES)
    places = subspace.places(rows_of(split))
    assert places is not None
    again = places.rows(slice(0, 50)) @ subspace.basis
    np.testing.assert_allclose(again.numpy(), split.embeddings[:50], rtol=0, atol=1e-4)


def test_rows_that_fill_their_space_are_left_alone() -> None:
    generator = np.random.default_rng(0)
    split = task("event").splits["train"]
    full = generator.normal(size=(len(split.targets), N_FEATURES)).astype(np.float32)
    assert subspace_of(rows_of(replace(split, embeddings=full)), 1024) is None


@pytest.mark.parametrize("size", [1e-5, 1e-2])
def test_a_row_outside_is_seen_but_for_rounding(size: float) -> None:
    split = widened(task("event")).splits["train"]
    subspace = found(split)
    embeddings = split.embeddings.copy()
    spread = float(np.linalg.norm(embeddings - embeddings.mean(axis=0), axis=1).mean())
    outside = np.random.default_rng(1).normal(size=N_FEATURES).astype(np.float32)
    outside -= outside @ subspace.basis.numpy().T @ subspace.basis.numpy()
    embeddings[7] += size * spread * outside / np.linalg.norm(outside)
    places = subspace.places(rows_of(replace(split, embeddings=embeddings)))
    assert (places is None) == (size > 1e-3)


def test_what_rows_have_in_common_does_not_hide_how_they_differ() -> None:
    # As embeddings that are nearly equal: what tells them apart is small next to their length.
    split = widened(task("event")).splits["train"]
    nearly = 1 + 1e-6 * np.random.default_rng(2).normal(size=(len(split.targets), N_FEATURES))
    rows = rows_of(replace(split, embeddings=nearly.astype(np.float32)))
    subspace = subspace_of(rows, 1024)
    assert subspace is None or subspace.places(rows) is None


def test_heads_learn_the_same_from_places(monkeypatch: pytest.MonkeyPatch) -> None:
    data = widened(task("event", param_grid={"hidden_dim": (32,), "max_epochs": (9,)}))
    plan = Plan("default", 1)
    fast = fused.evaluate(data, plan)
    monkeypatch.setattr("hearkit.evaluation.training.fused_fold.subspace_of", lambda *_: None)
    plain = fused.evaluate(data, plan)
    for one, other in zip(fast.tests, plain.tests, strict=True):
        assert np.abs(one.predictions - other.predictions).mean() < 0.01
        assert abs(one.values["test_loss"] - other.values["test_loss"]) < 0.01
