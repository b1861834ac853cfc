"""Scores a head's probabilities on one split, at validations and at the test."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..data import SplitData, TaskData
from ..events import EventTable, Frames, Postprocessing, postprocessings
from ..scores import SCORES


@dataclass(frozen=True)
class Validation:
    """What a validation found.

    Attributes:
        figure: The monitored figure: the primary score, or the loss.
        postprocessing: The best post-processing; None for scenes.
    """

    figure: float
    postprocessing: Postprocessing | None = None


@dataclass(frozen=True)
class Tested:
    """What a test found.

    Attributes:
        values: Loss and scores under the oracle's keys.
        events: Predicted events of each recording; None for scenes.
    """

    values: Mapping[str, float]
    events: tuple[tuple[tuple[str, float, float], ...], ...] | None = None


class Scorer:
    """What is computed once for a split and used at each validation and test."""

    def __init__(self, data: TaskData, split: SplitData) -> None:
        self._metadata = data.metadata
        self._scores = [SCORES[name] for name in data.metadata.evaluation]
        self._vocabulary = data.vocabulary
        self._targets = split.targets
        self._frames: Frames | None = None
        self._ways: tuple[Postprocessing, ...] = ()
        if data.metadata.embedding_type == "event":
            self._frames = Frames(split)
            self._reference = EventTable.of(split.events or (), data.vocabulary)
            self._ways = postprocessings(data.metadata)

    @property
    def maximize(self) -> bool:
        """Whether the monitored figure is to be high."""
        return self._metadata.use_scoring_for_early_stopping and self._scores[0].maximize

    def validate(self, probabilities: NDArray[np.float32], loss: float) -> Validation:
        """The monitored figure, and the best post-processing by the primary score.

        Args:
            probabilities: float32, shape (n_rows, n_labels).
            loss: Mean loss of the split.
        """
        if not self._metadata.use_scoring_for_early_stopping:
            return Validation(loss, self._ways[0] if self._ways else None)
        if self._frames is None:
            return Validation(self._of_labels(probabilities, (0,))[self._scores[0].name])
        found = self._frames.events(probabilities, self._ways)
        figures = {way: self._primary(events) for way, events in found.items()}
        # The oracle's order: the highest figure, even where lower is better; NaN counts as 0;
        # of equal ones the longest filter, then the longest minimum. It compares before rounding.
        best = max(
            figures, key=lambda way: (0.0 if math.isnan(figures[way]) else figures[way], way)
        )
        return Validation(self._scores[0].kept(figures[best]), best)

    def test(
        self, probabilities: NDArray[np.float32], loss: float, way: Postprocessing | None
    ) -> Tested:
        """All scores.

        Args:
            probabilities: float32, shape (n_rows, n_labels).
            loss: Mean loss of the split.
            way: The post-processing to use; None for scenes.
        """
        events = None
        if self._frames is None or way is None:
            figures = self._of_labels(probabilities, range(len(self._scores)))
        else:
            found = self._frames.events(probabilities, (way,))[way]
            figures = self._of_events(found, range(len(self._scores)))
            events = found.by_file(self._frames.n_files, self._vocabulary)
        values = {"test_loss": loss, "test_score": figures[self._scores[0].name]}
        values |= {f"test_{name}": value for name, value in figures.items()}
        return Tested(values, events)

    def _of_labels(
        self, probabilities: NDArray[np.float32], which: Iterable[int]
    ) -> dict[str, float]:
        """The chosen scores, as the oracle keeps them."""
        return {
            score.name: score.kept(score.of_labels(probabilities, self._targets))
            for score in (self._scores[n] for n in which)
            if score.of_labels is not None
        }

    def _primary(self, events: EventTable) -> float:
        """The primary score of events, in double precision."""
        of_events = self._scores[0].of_events
        assert of_events is not None  # checked with the metadata
        return next(iter(of_events(events, self._reference, len(self._vocabulary)).values()))

    def _of_events(self, events: EventTable, which: Iterable[int]) -> dict[str, float]:
        """The chosen scores, and under longer names what comes with them."""
        figures: dict[str, float] = {}
        for score in (self._scores[n] for n in which):
            if score.of_events is None:
                continue
            parts = score.of_events(events, self._reference, len(self._vocabulary))
            figures[score.name] = score.kept(next(iter(parts.values())))
            for part, value in parts.items():
                figures[f"{score.name}_{part}"] = score.kept(value)
        return figures
