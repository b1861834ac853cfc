"""What can be asked of a worker; each request knows what facts its answer holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from .facts import (
    CallFacts,
    Environment,
    Extension,
    Footprint,
    ModelFacts,
    ModuleFacts,
    Nothing,
)

Facts = TypeVar("Facts")


class Request(Generic[Facts]):
    """One step.

    Attributes:
        facts: The type of what the answer tells.
    """

    facts: ClassVar[type[Any]] = Nothing


@dataclass(frozen=True)
class Import(Request[ModuleFacts]):
    """Import the submission."""

    facts: ClassVar[type[Any]] = ModuleFacts


@dataclass(frozen=True)
class Load(Request[ModelFacts]):
    """Call `load_model` and keep the model.

    Attributes:
        slot: A name; models in different slots are different objects.
        arguments: What to call `load_model` with.
        seed: Seed the global random state just before.
    """

    slot: str = "main"
    arguments: tuple[str, ...] = ()
    seed: int | None = None

    facts: ClassVar[type[Any]] = ModelFacts


@dataclass(frozen=True)
class Call(Request[CallFacts]):
    """Call an embedding function as the evaluation does.

    Attributes:
        function: Its name.
        slot: Which loaded model to use.
        layout: `sliced` or `strided` for audio that is not contiguous, otherwise "".
        seed: Seed the global random state just before.
        gradients: Whether the caller leaves the recording of gradients on, as the evaluation
            does; off, less memory is used.
    """

    function: str
    slot: str = "main"
    layout: str = ""
    seed: int | None = None
    gradients: bool = True

    facts: ClassVar[type[Any]] = CallFacts


@dataclass(frozen=True)
class Drop(Request[Nothing]):
    """Forget the model in a slot."""

    slot: str


@dataclass(frozen=True)
class Settle(Request[Nothing]):
    """Give threads of the submission time to do what they still have to do."""


@dataclass(frozen=True)
class Measure(Request[Footprint]):
    """Tell what the process keeps, after freeing what can be freed."""

    facts: ClassVar[type[Any]] = Footprint


@dataclass(frozen=True)
class Describe(Request[Environment]):
    """Tell versions of what the submission runs on."""

    facts: ClassVar[type[Any]] = Environment


@dataclass(frozen=True)
class Extend(Request[Extension]):
    """Run a function of the caller's own package in the worker, with the imported module.

    Attributes:
        package: The folder of the package; it is imported under a private name, since the
            submission may have one of the same name.
        function: Its place in it, such as `simulation.machine:simulate`. It is called with the
            module and the arguments, and returns a mapping of plain JSON values.
        arguments: Its keyword arguments, plain JSON values.
    """

    package: str
    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    facts: ClassVar[type[Any]] = Extension
