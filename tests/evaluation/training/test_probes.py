"""Linear and nearest-neighbour probes, compared with scikit-learn's."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from hearkit.evaluation.data import SplitData, TaskData
from hearkit.evaluation.outcome import Plan
from hearkit.evaluation.tasks.task import Event, Metadata
from hearkit.evaluation.training import probes

NEEDS = ("sklearn", "torch")

FOLDS = ("fold00", "fold01", "fold02", "fold03")
TRAIN = FOLDS[2:]


def scenes(prediction: Literal["multiclass", "multilabel"], n: int = 40) -> TaskData:
    """Three labels that are linear in six features, with noise and a constant feature."""
    generator = np.random.default_rng(0)
    directions = generator.normal(size=(6, 3))
    splits = {}
    for name in FOLDS:
        features = generator.normal(2.0, 3.0, size=(n, 6))
        scores = (features - 2.0) @ directions + generator.normal(0, 4, size=(n, 3))
        targets = scores > 2.0
        if prediction == "multiclass":
            targets = np.eye(3, dtype=bool)[scores.argmax(1)]
        rows = np.concatenate([features, np.full((n, 1), 5.0)], 1).astype(np.float32)
        files = tuple(f"{name}_{number}" for number in range(n))
        splits[name] = SplitData(name, rows, targets.astype(np.uint8), files, np.arange(n + 1))
    score = "top1_acc" if prediction == "multiclass" else "mAP"
    metadata = Metadata(
        "linear", "1", "small", "scene", prediction, "new_split_kfold", FOLDS, None, (score,)
    )
    return TaskData("linear-1-small", metadata, ("a", "b", "c"), splits)


def training(data: TaskData) -> tuple[Any, Any, StandardScaler]:
    rows = np.concatenate([data.splits[name].embeddings for name in TRAIN])
    targets = np.concatenate([data.splits[name].targets for name in TRAIN])
    return rows, targets, StandardScaler().fit(rows)


def test_a_linear_probe_is_scikit_learns_logistic_regression() -> None:
    data = scenes("multiclass")
    test = probes.linear(data, Plan()).tests[0]
    rows, targets, scaler = training(data)
    model = LogisticRegression(C=test.point["C"], max_iter=1000, tol=1e-8)
    model.fit(scaler.transform(rows), targets.argmax(1))
    expected = model.predict_proba(scaler.transform(data.splits["fold00"].embeddings))
    np.testing.assert_allclose(test.predictions, expected, atol=2e-3)
    hits = expected.argmax(1) == data.splits["fold00"].targets.argmax(1)
    assert test.values["test_top1_acc"] == pytest.approx(hits.mean(), abs=0.03)


def test_a_multilabel_probe_is_one_regression_for_each_label() -> None:
    data = scenes("multilabel")
    test = probes.linear(data, Plan()).tests[0]
    rows, targets, scaler = training(data)
    for label in range(3):
        model = LogisticRegression(C=test.point["C"], max_iter=1000, tol=1e-8)
        model.fit(scaler.transform(rows), targets[:, label])
        expected = model.predict_proba(scaler.transform(data.splits["fold00"].embeddings))[:, 1]
        np.testing.assert_allclose(test.predictions[:, label], expected, atol=2e-3)


def test_neighbours_are_scikit_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "_MOST_ROWS", 17)
    monkeypatch.setattr(probes, "_AT_ONCE", 7)
    data = scenes("multiclass")
    test = probes.knn(data, Plan()).tests[0]
    rows, targets, scaler = training(data)
    model = KNeighborsClassifier(test.point["n_neighbors"], metric="cosine")
    model.fit(scaler.transform(rows), targets.argmax(1))
    expected = model.predict_proba(scaler.transform(data.splits["fold00"].embeddings))
    np.testing.assert_allclose(test.predictions, expected, atol=1e-6)


def test_every_fold_is_tested_with_the_choice_of_the_first() -> None:
    outcome = probes.knn(scenes("multiclass"), Plan(seeds=(42, 43)))
    assert [test.split for test in outcome.tests] == list(FOLDS)
    assert len({test.point["n_neighbors"] for test in outcome.tests}) == 1
    best = max(score for _, _, score, _ in outcome.grid)
    (chosen,) = {test.point["n_neighbors"] for test in outcome.tests}
    first = next(point for _, point, score, _ in outcome.grid if score == best)
    assert first["n_neighbors"] == chosen
    assert "seed 42 stands for all" in outcome.warnings[-1]


@pytest.mark.parametrize("probe", [probes.linear, probes.knn])
def test_probes_find_events(probe: Any) -> None:
    """Frames of 50 ms whose one feature is the label itself."""
    events = tuple((Event("loud", 500.0 + 100 * n, 1500.0 + 100 * n),) for n in range(3))
    times = np.arange(60) * 50.0
    targets = np.concatenate(
        [((times >= one[0].start) & (times <= one[0].end)) for one in events]
    ).astype(np.uint8)[:, None]
    splits = {}
    for number, name in enumerate(("train", "valid", "test")):
        noise = np.random.default_rng(number).normal(0, 0.1, (180, 1))
        splits[name] = SplitData(
            name,
            (targets + noise).astype(np.float32),
            targets,
            ("a", "b", "c"),
            np.arange(4) * 60,
            np.tile(times, 3),
            events,
        )
    metadata = Metadata(
        "stretches",
        "1",
        "small",
        "event",
        "multilabel",
        "trainvaltest",
        ("train", "valid", "test"),
        3.0,
        ("event_onset_200ms_fms",),
        postprocessing_grid={"median_filter_ms": (250.0,), "min_duration": (125.0, 250.0)},
    )
    outcome = probe(TaskData("stretches-1-small", metadata, ("loud",), splits), Plan())
    assert outcome.tests[0].values["test_score"] == 1.0
    assert outcome.tests[0].postprocessing == {"median_filter_ms": 250.0, "min_duration": 250.0}
