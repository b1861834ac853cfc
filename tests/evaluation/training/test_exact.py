"""`exact` without the oracle; `oracle/test_oracle.py` compares it with that."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hearkit.errors import SubmissionError, UsageError
from hearkit.evaluation.data import SplitData, TaskData
from hearkit.evaluation.outcome import Outcome, Plan
from hearkit.evaluation.training import exact, fused

from ..made import task

NEEDS = ("scipy",)

PLAN = Plan("default", 3)


class Kept:
    """A journal in memory, that interrupts the run after so many entries."""

    def __init__(self, entries: dict[str, bytes], most: int = 1000) -> None:
        self.entries = entries
        self._left = most

    def get(self, name: str) -> bytes | None:
        return self.entries.get(name)

    def put(self, name: str, content: bytes) -> None:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        self.entries[name] = content


def figures(outcome: Outcome) -> list[Any]:
    """All that is to be equal, NaN to NaN."""
    tests = [
        (
            test.split,
            test.seed,
            [repr(v) for k, v in test.values.items() if k != "time_in_min"],
            test.point,
            test.postprocessing,
            test.predictions.tobytes(),
            test.events,
        )
        for test in outcome.tests
    ]
    return [tests, [(*one[:2], repr(one[2:])) for one in outcome.grid], outcome.warnings]


ENGINES = pytest.mark.parametrize("engine", [exact, fused], ids=["exact", "fused"])
KINDS = pytest.mark.parametrize("kind", ["multiclass", "multilabel", "event"])


@ENGINES
@KINDS
def test_every_fold_is_tested_under_the_oracles_keys(engine: Any, kind: str) -> None:
    data = task(kind)
    outcome = engine.evaluate(data, PLAN)
    scores = data.metadata.evaluation
    folds = ["test"] if kind == "event" else ["fold00", "fold01", "fold02"]
    assert [test.split for test in outcome.tests] == folds
    for test in outcome.tests:
        keys = list(test.values)
        assert keys[:3] == ["test_loss", "test_score", f"test_{scores[0]}"]
        assert keys[-3:] == ["validation_score", "epoch", "time_in_min"]
        assert test.values["test_score"] == test.values[f"test_{scores[0]}"]
        assert test.predictions.shape == data.splits[test.split].targets.shape
        assert (test.events is None) == (kind != "event") == (test.postprocessing is None)
    assert len(outcome.grid) == 3
    assert all(math.isfinite(test.values["test_loss"]) for test in outcome.tests)


@ENGINES
@KINDS
def test_an_interrupted_and_resumed_run_equals_an_undisturbed_one(engine: Any, kind: str) -> None:
    data, plan = task(kind), replace(PLAN, seeds=(42, 7))
    undisturbed = figures(engine.evaluate(data, plan))
    entries: dict[str, bytes] = {}
    interruptions = 0
    while True:
        try:
            resumed = engine.evaluate(data, plan, Kept(entries, 1))
            break
        except KeyboardInterrupt:
            interruptions += 1
    assert interruptions >= 1
    assert figures(resumed) == undisturbed


@KINDS
def test_a_stack_goes_on_in_the_midst_of_its_training(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = task(kind)
    undisturbed = figures(fused.evaluate(data, PLAN))
    monkeypatch.setattr("hearkit.evaluation.training.fused_fold._SNAPSHOT_S", -1.0)
    monkeypatch.setattr("hearkit.evaluation.training.fused_fold._SNAPSHOT_SHARE", 1e9)
    entries: dict[str, bytes] = {}
    interruptions = 0
    while True:
        try:
            resumed = fused.evaluate(data, PLAN, Kept(entries, 2))
            break
        except KeyboardInterrupt:
            interruptions += 1
    assert interruptions > 5
    assert figures(resumed) == undisturbed
    assert all(not content for name, content in entries.items() if name.endswith("-part"))


@ENGINES
def test_seeds_are_evaluations_of_their_own(engine: Any) -> None:
    data = task()
    both = engine.evaluate(data, replace(PLAN, seeds=(42, 7)))
    assert [test.seed for test in both.tests] == [42, 42, 42, 7, 7, 7]
    alone = engine.evaluate(data, replace(PLAN, seeds=(42,)))
    if engine is exact:
        assert figures(alone)[0] == figures(both)[0][:3]
    assert {one[0] for one in both.grid} == {42, 7}


@ENGINES
def test_torchs_generator_and_threads_are_left_alone(engine: Any) -> None:
    torch.manual_seed(3)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    engine.evaluate(task(), Plan("default", 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def on_disk(data: TaskData, folder: Path) -> TaskData:
    """The same with embeddings that are memory maps."""
    splits = {}
    for name, split in data.splits.items():
        np.save(folder / name, split.embeddings)
        splits[name] = replace(split, embeddings=np.load(folder / f"{name}.npy", mmap_mode="r"))
    return replace(data, splits=splits)


@ENGINES
def test_embeddings_larger_than_the_memory_give_the_same(
    engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = task("event")
    expected = figures(engine.evaluate(data, PLAN))
    monkeypatch.setattr("hearkit.evaluation.training.rows._SHARE", 0.0)
    assert figures(engine.evaluate(on_disk(data, tmp_path), PLAN)) == expected


@ENGINES
def test_every_step_is_told(engine: Any) -> None:
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int, what: str) -> None:
        assert what
        told.append((done, total))

    engine.evaluate(task(), PLAN, tell=tell)
    assert {total for _, total in told} == {5}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (5, 5)


def with_split(data: TaskData, name: str, split: SplitData) -> TaskData:
    return replace(data, splits={**data.splits, name: split})


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_embeddings_that_are_not_finite_name_the_clips(wrong: float) -> None:
    data = task()
    embeddings = data.splits["fold01"].embeddings.copy()
    embeddings[[3, 5], [0, 7]] = wrong
    split = replace(data.splits["fold01"], embeddings=embeddings)
    told = r"fold01: the embeddings of 2 of 12 clips \(fold01-3.wav, fold01-5.wav\) have NaN"
    with pytest.raises(SubmissionError, match=told):
        exact.evaluate(with_split(data, "fold01", split), PLAN)


def test_labels_without_clips_are_named_and_scored_as_the_protocol_says() -> None:
    data = task("multilabel")
    targets = data.splits["fold00"].targets.copy()
    targets[:, 2] = 0
    split = replace(data.splits["fold00"], targets=targets)
    outcome = exact.evaluate(with_split(data, "fold00", split), Plan("default", 1))
    assert any(
        line.startswith("fold00: 1 of 4 labels have no clip (rain)") for line in outcome.warnings
    )
    (first, *_) = outcome.tests
    assert math.isfinite(first.values["test_mAP"])
    assert math.isnan(first.values["test_aucroc"])
    assert math.isnan(first.values["test_d_prime"])


@ENGINES
def test_a_last_batch_of_one_row_is_told_and_evaluated(engine: Any) -> None:
    own = {"batch_size": (23,), "max_epochs": (3,), "hidden_dim": (8,)}
    outcome = engine.evaluate(task(param_grid=own, splits=("a", "b", "c", "d")), Plan("default", 1))
    assert outcome.warnings[0].startswith(
        "a: 24 rows for training leave one row for the last batch"
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"evaluation": ("top1",)}, "the score top1 is none of"),
        ({"evaluation": ("segment_1s_er",)}, "the score segment_1s_er is of events, and"),
        ({"evaluation": ()}, "names no score"),
        ({"param_grid": {"max_epochs": (2,)}}, "trained for 2 epochs and validated every 3: never"),
    ],
)
def test_a_task_that_cannot_be_evaluated_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        exact.evaluate(task(**changes), PLAN)


def test_multiclass_rows_must_have_one_label() -> None:
    data = task()
    split = replace(data.splits["fold02"], targets=np.ones_like(data.splits["fold02"].targets))
    with pytest.raises(UsageError, match=r"fold02: 12 of 12 clips .* must have exactly one label"):
        exact.evaluate(with_split(data, "fold02", split), PLAN)
