"""PyTorch and TensorFlow behind one small interface. Runs in the worker only.

A framework is imported by nobody who does not use it: which one a submission uses is seen
from the model that it returns, after the submission itself has imported it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError

_FRAMEWORKS = ("torch", "tensorflow")


class TrainingWatch(Protocol):
    """A context in which the submission is called.

    Attributes:
        found: Layers that ran in training mode and behave differently in it, name to type.
    """

    found: dict[str, str]

    def __enter__(self) -> TrainingWatch: ...

    def __exit__(self, *_: object) -> None: ...


@dataclass(frozen=True)
class TensorFacts:
    """What a tensor is, devices named as PyTorch names them."""

    dtype: str
    shape: tuple[int, ...]
    device: str
    requires_grad: bool


class Framework(Protocol):
    """What the worker needs of a framework; each module of this package provides it."""

    NAME: str

    TrainingWatch: Callable[[object], TrainingWatch]
    """Makes the watch for a model."""

    def is_model(self, thing: object) -> bool:
        """Whether this is a model as the contract accepts it."""

    def is_tensor(self, thing: object) -> bool:
        """Whether this is a tensor of the framework."""

    def find_device(self, name: str) -> str:
        """A device by what the caller asked for: `auto` is a GPU where there is one.

        Raises:
            UsageError: If there is no such GPU.
        """

    def gradients(self, *, on: bool) -> AbstractContextManager[Any]:
        """A context in which gradients are recorded, as by default, or are not."""

    def place(self, model: Any, device: str) -> None:
        """Move the model as the evaluation does."""

    def on(self, device: str) -> AbstractContextManager[Any]:
        """A context in which the functions are called, for a framework that moves no models."""

    def forget_peak(self, device: str) -> None:
        """Begin to look anew for the most memory that was allocated on a GPU."""

    def peak_bytes(self, device: str) -> int:
        """The most memory that was allocated on a GPU since then; 0 on the CPU."""

    def prepare(self, wrote: Callable[[str], None]) -> None:
        """Once it is imported, make visible what it does behind Python's back.

        Args:
            wrote: To be called with every path that the framework writes.
        """

    def tensor(
        self, audio: NDArray[np.float32], device: str, layout: str, *, given_away: bool = False
    ) -> Any:
        """The audio as a tensor, shape (n_sounds, n_samples), in a memory layout.

        The tensor may have the array's memory where the array is given away.
        """

    def array(self, tensor: Any) -> NDArray[Any]:
        """The tensor's numbers."""

    def describe(self, tensor: Any) -> TensorFacts:
        """What a tensor is."""

    def state(self) -> dict[str, Any]:
        """Global settings and random state, comparable with `==`."""

    def who_drew(self, before: Any, after: Any) -> list[str]:
        """What changed the state of the framework's random generator, as far as that is known.

        Args:
            before: The state before, as `state` has it.
            after: The state after.
        """

    def layers(self, model: Any) -> list[str]:
        """The types of a model's layers, each once."""

    def fresh_state(self) -> dict[str, Any]:
        """The same as they stand in a process that only imported the framework."""

    def seed(self, number: int) -> None:
        """Seed the global random state."""

    def trim(self) -> None:
        """Free what the framework keeps for later calls."""

    def version(self) -> str:
        """The framework's version and devices."""


def imported() -> list[Framework]:
    """The frameworks that this process has imported.

    Some code puts None or an empty module in a framework's place, to keep libraries from it.
    """
    return [_load(name) for name in _FRAMEWORKS if hasattr(sys.modules.get(name), "Tensor")]


def installed() -> Framework | None:
    """A framework that can be imported, imported; None where there is none."""
    found = next((name for name in _FRAMEWORKS if importlib.util.find_spec(name)), None)
    return _load(found) if found else None


def find_device(name: str, n_gpus: int, framework: str) -> str:
    """See `Framework.find_device`, the number of GPUs known."""
    if name == "auto":
        return "cuda" if n_gpus else "cpu"
    if name.startswith("cuda") and int(name.partition(":")[2] or 0) >= n_gpus:
        there = f"{n_gpus} GPU{'s' if n_gpus > 1 else ''}" if n_gpus else "no GPU"
        raise UsageError(f"--device {name}: {framework} sees {there} here; use cpu or auto")
    return name


def of_model(model: object) -> Framework | None:
    """The framework that the model belongs to, or None."""
    return next((f for f in imported() if f.is_model(model)), None)


def of_tensor(thing: object) -> Framework | None:
    """The framework that the tensor belongs to, or None."""
    return next((f for f in imported() if f.is_tensor(thing)), None)


def _load(name: str) -> Framework:
    return cast(Framework, importlib.import_module(f".{name}_", __name__))
