"""All scores by name, with their direction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..events import EventTable
from .events import Match, event_scores, segment_error_rate
from .labels import (
    accuracy,
    area_under_roc,
    chroma_accuracy,
    d_prime,
    mean_average_precision,
)

_OfLabels = Callable[[NDArray[np.float32], NDArray[np.uint8]], float]
_OfEvents = Callable[[EventTable, EventTable, int], Mapping[str, float]]


@dataclass(frozen=True)
class Score:
    """A score; it takes labels of rows, or events.

    Attributes:
        name: Name, as in `task_metadata.json`.
        of_labels: From probabilities and targets, both (n_rows, n_labels), to the score.
        of_events: From predicted and reference events and the number of labels to one figure or
            several by name, the first of which is the score.
        maximize: Whether a higher one is better.
        single: Whether the oracle keeps it in single precision, as PyTorch keeps a number of
            Python's. NumPy's numbers stay double.
    """

    name: str
    of_labels: _OfLabels | None = None
    of_events: _OfEvents | None = None
    maximize: bool = True
    single: bool = True

    def kept(self, value: float) -> float:
        """A figure of this score as the oracle keeps it, compares it and writes it."""
        return float(np.float32(value)) if self.single else value


def _fms(name: str, match: Match) -> Score:
    def of_events(predicted: EventTable, reference: EventTable, _: int) -> Mapping[str, float]:
        return event_scores(predicted, reference, match)

    return Score(name, of_events=of_events)


_segment_1s: Any = partial(segment_error_rate, seconds=1.0)

SCORES: dict[str, Score] = {
    score.name: score
    for score in (
        Score("top1_acc", accuracy),
        Score("pitch_acc", accuracy),
        Score("chroma_acc", chroma_accuracy),
        Score("mAP", mean_average_precision),
        Score("aucroc", area_under_roc),
        Score("d_prime", d_prime, single=False),
        _fms("event_onset_200ms_fms", Match(0.2)),
        _fms("event_onset_50ms_fms", Match(0.05)),
        _fms("event_onset_offset_50ms_20perc_fms", Match(0.05, 0.2)),
        Score("segment_1s_er", of_events=_segment_1s, maximize=False),
    )
}
"""All scores that a task can name."""


def is_event_score(name: str) -> bool:
    """Whether a score is computed from events."""
    return SCORES[name].of_events is not None
