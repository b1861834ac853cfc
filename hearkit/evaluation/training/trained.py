"""A trained head, as a record for the journal and as the scores of its test."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..events import Postprocessing
from ..outcome import TestScores
from .grid import Point
from .scorer import Tested

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Trained:
    """A head after its training.

    Attributes:
        point: Hyperparameters.
        seed: Seed of the evaluation that it belongs to.
        score: Best figure of the validations.
        epoch: Its epoch, counted from 0.
        postprocessing: Its post-processing; None for scenes.
        minutes: Time that the training took; of a stack, each head's share.
        state: Weights at that epoch; None where they are no longer needed.
    """

    point: Point
    seed: int
    score: float
    epoch: int
    postprocessing: Postprocessing | None
    minutes: float
    state: Tensors | None

    def record(self) -> dict[str, Any]:
        """Plain values and tensors."""
        way = self.postprocessing
        return vars(self) | {
            "point": self.point.as_dict(),
            "postprocessing": way.as_dict() if way else None,
        }

    @classmethod
    def of(cls, record: dict[str, Any]) -> Trained:
        """A head from its record."""
        way = record["postprocessing"]
        known = {
            "point": Point(**record["point"]),
            "postprocessing": Postprocessing(**way) if way else None,
        }
        return cls(**record | known)

    def scores(self, split: str, tested: Tested, probabilities: NDArray[np.float32]) -> TestScores:
        """What its test on a split found, under the oracle's keys."""
        values = {
            **tested.values,
            "validation_score": self.score,
            "epoch": self.epoch,
            "time_in_min": self.minutes,
        }
        way = self.postprocessing.as_dict() if self.postprocessing else None
        point = self.point.as_dict()
        return TestScores(split, self.seed, values, point, way, probabilities, tested.events)


def to_bytes(content: object) -> bytes:
    """Plain values and tensors as an entry of the journal."""
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def from_bytes(content: bytes) -> Any:
    """Plain values and tensors from an entry of the journal."""
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
