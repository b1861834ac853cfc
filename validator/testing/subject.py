"""A submission in the tests' own process, called with NumPy arrays."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from hearkit.api.contract import SCENE, TIMESTAMP
from hearkit.api.facts import CallFacts
from hearkit.api.local import LocalConnection
from hearkit.api.requests import Call, Import, Load
from hearkit.api.submission import Reply, Submission
from hearkit.errors import Fault

from ..asking.arranged import Numbers
from ..asking.snippets import program, reproduce
from ..stimuli import Stimulus


@dataclass(frozen=True)
class Subject:
    """A loaded submission.

    Attributes:
        module: The imported module.
        model: The model that `load_model` returned.
        weights: Path of the checkpoint, or "".
        framework: `torch` or `tensorflow`.
        connection: The connection that calls the module.

    Examples:
        >>> from validator.stimuli import noise
        >>> from validator.testing import load
        >>> load("hearbaseline").scene(noise(2, 44100)).shape
        (2, 4096)
    """

    module: ModuleType
    model: Any
    weights: str
    framework: str
    connection: LocalConnection

    @property
    def sample_rate(self) -> int:
        """Hz, as the model says."""
        return int(self.model.sample_rate)

    def scene(self, batch: Stimulus) -> Numbers:
        """Scene embeddings; shape (n_sounds, size) if the submission is valid."""
        (scene,) = self._call(SCENE, batch).values
        return _numbers(scene.array, SCENE)

    def timestamps(self, batch: Stimulus) -> tuple[Numbers, Numbers]:
        """Timestamp embeddings and timestamps in ms.

        Shapes (n_sounds, n_timestamps, size) and (n_sounds, n_timestamps) if the submission is
        valid.
        """
        embeddings, times = self._call(TIMESTAMP, batch).values
        return _numbers(embeddings.array, TIMESTAMP), _numbers(times.array, TIMESTAMP)

    def snippet(self, line: str, batch: Stimulus) -> str:
        """Python that reproduces a failure: loads the model, makes `audio`, then the line.

        Args:
            line: What to run; `scene(audio, model)` and `timestamps(audio, model)` stand for
                the two functions.
            batch: The audio.
        """
        weights = (self.weights,) if self.weights else ()
        submission = Submission(self.module.__name__, Path(self.weights) if weights else None)
        return program(reproduce(line, audio=batch), submission, weights, self.framework)

    def _call(self, function: str, batch: Stimulus) -> Reply[CallFacts]:
        try:
            return self.connection.ask(Call(function), step=function, audio=batch.audio)
        except Fault as fault:
            # A test shows the submission's own error, with its traceback.
            raise (fault.__cause__ or fault) from None


def _numbers(array: Any, function: str) -> Numbers:
    if array is None:
        raise TypeError(f"{function} returned no tensor")
    numbers: Numbers = array
    return numbers


@functools.cache
def load(module: str, weights: str | None = None) -> Subject:
    """Import a submission and load its model on the CPU, once for all tests.

    Args:
        module: Name of the module.
        weights: Path of the checkpoint; None calls `load_model` without an argument.

    Raises:
        ImportError: If there is no such module. Errors of the import and of `load_model` are raised
            too.

    Examples:
        >>> from validator.testing import load
        >>> load("hearbaseline").sample_rate
        44100
    """
    connection = LocalConnection(Submission(module, Path(weights) if weights else None))
    try:
        connection.ask(Import(), step=f"import {module}")
        loading = Load(arguments=(weights,) if weights else ())
        facts = connection.ask(loading, step="load_model").facts
    except Fault as fault:
        raise (fault.__cause__ or fault) from None
    return Subject(
        connection.module, connection.model(), weights or "", facts.framework, connection
    )
