"""What an engine brings back: plain data, and the two protocols by which a run follows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Plan:
    """How heads are trained.

    Attributes:
        grid: Name of the grid (HEAR_EVAL, section 3).
        grid_points: Number of points to try.
        seeds: Seeds; each is a whole evaluation. The oracle's is 42.
        device: Device of the heads.
    """

    grid: Literal["default", "fast", "faster"] = "default"
    grid_points: int = 8
    seeds: tuple[int, ...] = (42,)
    device: str = "cpu"


@dataclass(frozen=True)
class TestScores:
    """One trained head on one test split.

    Attributes:
        split: Name of the test split: `test`, or a fold.
        seed: Seed of the evaluation that it belongs to.
        values: The oracle's keys: `test_loss`, `test_score`, `test_<name>` for each score,
            `validation_score`, `epoch`; the oracle's others where it has them.
        point: Grid point of the head.
        postprocessing: Chosen post-processing; None for scenes.
        predictions: float32, shape (n_rows, n_labels); what the oracle writes as predictions.
        events: Predicted events of each recording as (label, start ms, end ms); None for scenes.
    """

    __test__ = False  # no test class

    split: str
    seed: int
    values: Mapping[str, float]
    point: Mapping[str, Any]
    postprocessing: Mapping[str, float] | None
    predictions: NDArray[np.float32]
    events: tuple[tuple[tuple[str, float, float], ...], ...] | None = None


@dataclass(frozen=True)
class Outcome:
    """All test scores of one task and model.

    Attributes:
        tests: Test scores of each seed and test split, seeds first.
        grid: Validation score of each tried point, for each seed: (seed, point, score, epoch).
        seconds: Seconds by stage.
        warnings: What was not as the protocol expects, in one line each.
    """

    tests: tuple[TestScores, ...]
    grid: tuple[tuple[int, Mapping[str, Any], float, int], ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Journal(Protocol):
    """Keeps what an engine has finished, so that an interrupted run goes on.

    Names are the engine's own; the run gives every task, model and plan a journal of its own.
    """

    def get(self, name: str) -> bytes | None:
        """What was kept under the name, whole; None if nothing was."""

    def put(self, name: str, content: bytes) -> None:
        """Keep it, atomically."""


class Tell(Protocol):
    """Follows an engine's progress."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """So many of so many units of work are done; `what` is the present one in words."""
