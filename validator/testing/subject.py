"""A submission in the tests' own process: called with NumPy arrays, answering with them."""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import frameworks
from ..snippets import program
from ..stimuli import Stimulus
from ..submission import Submission

Numbers = NDArray[np.floating]


@dataclass(frozen=True)
class Subject:
    """A loaded submission.

    Attributes:
        module: The module.
        model: What `load_model` returned.
        weights: The checkpoint's path, or "".

    Examples:
        >>> from validator.stimuli import noise
        >>> from validator.testing import load
        >>> load("hearbaseline").scene(noise(2, 44100)).shape
        (2, 4096)
    """

    module: ModuleType
    model: Any
    weights: str = ""

    @property
    def sample_rate(self) -> int:
        """Hz, as the model says."""
        return int(self.model.sample_rate)

    def scene(self, batch: Stimulus) -> Numbers:
        """Scene embeddings; for a submission in order, shape (n_sounds, size)."""
        result = self.module.get_scene_embeddings(self._tensor(batch), self.model)
        return self._framework.array(result)

    def timestamps(self, batch: Stimulus) -> tuple[Numbers, Numbers]:
        """Timestamp embeddings (n_sounds, n_timestamps, size) and timestamps in ms, if in order."""
        results = self.module.get_timestamp_embeddings(self._tensor(batch), self.model)
        embeddings, times = map(self._framework.array, results)
        return embeddings, times

    def snippet(self, line: str, batch: Stimulus) -> str:
        """Python that reproduces a failure: loads the model, makes `audio`, then the line.

        Args:
            line: What to run; `scene(audio, model)` and `timestamps(audio, model)` stand for
                the two functions.
            batch: The audio.
        """
        weights = (self.weights,) if self.weights else ()
        submission = Submission(self.module.__name__, Path(self.weights) if weights else None)
        return program(submission, weights, self._framework.NAME, [line], {"audio": batch})

    @property
    def _framework(self) -> frameworks.Framework:
        found = frameworks.of_model(self.model)
        if found is None:
            raise TypeError(f"load_model returned {type(self.model).__name__}, which is no model")
        return found

    def _tensor(self, batch: Stimulus) -> Any:
        return self._framework.tensor(batch.audio, "cpu", "")


@functools.cache
def load(module: str, weights: str | None = None) -> Subject:
    """Import a submission and load its model on the CPU, once for all tests.

    Args:
        module: The module's name.
        weights: The path that `load_model` is given; without it, nothing is given.

    Raises:
        ImportError: If there is no such module; and whatever import and load raise.

    Examples:
        >>> from validator.testing import load
        >>> load("hearbaseline").sample_rate
        44100
    """
    imported = importlib.import_module(module)
    model = imported.load_model(*([weights] if weights else []))
    return Subject(imported, model, weights or "")
