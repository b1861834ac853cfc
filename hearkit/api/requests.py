"""Requests to a connection; each has the type of the facts in its reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from .facts import (
    CallFacts,
    Digests,
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
        facts: Type of the facts in the reply.
    """

    facts: ClassVar[type[Any]] = Nothing


@dataclass(frozen=True)
class Import(Request[ModuleFacts]):
    """Import the module.

    Examples:
        >>> from hearkit.api import Import
        >>> Import.facts.__name__
        'ModuleFacts'
    """

    facts: ClassVar[type[Any]] = ModuleFacts


@dataclass(frozen=True)
class Load(Request[ModelFacts]):
    """Call `load_model` and keep the model.

    Attributes:
        slot: Name under which the model is kept; each slot has a model of its own.
        arguments: Arguments of `load_model`.
        seed: Seed of the global random state, set just before; None leaves it as it is.

    Examples:
        >>> from hearkit.api import Load
        >>> Load(arguments=("weights.pt",)).slot
        'main'
    """

    slot: str = "main"
    arguments: tuple[str, ...] = ()
    seed: int | None = None

    facts: ClassVar[type[Any]] = ModelFacts


@dataclass(frozen=True)
class Call(Request[CallFacts]):
    """Call an embedding function as the evaluation does.

    Attributes:
        function: Name of the function.
        slot: Slot of the model.
        layout: `sliced` or `strided` for audio that is not contiguous, otherwise "".
        seed: Seed of the global random state, set just before; None leaves it as it is.
        gradients: Whether gradients are recorded, as in the evaluation; without, the call takes
            less memory.
        width: Most numbers of an embedding that are sent, 0 for all. Wider embeddings are projected
            to so many, always in the same way, so that those of long audio stay small.

    Examples:
        >>> from hearkit.api import Call
        >>> Call("get_scene_embeddings", gradients=False).layout
        ''
    """

    function: str
    slot: str = "main"
    layout: str = ""
    seed: int | None = None
    gradients: bool = True
    width: int = 0

    facts: ClassVar[type[Any]] = CallFacts


@dataclass(frozen=True)
class Digest(Request[Digests]):
    """Ask what the model was made from: code, weights and configuration, by their contents.

    Attributes:
        weights: What `load_model` was given, or "".

    Examples:
        >>> from hearkit.api import Digest
        >>> Digest("weights.pt").facts.__name__
        'Digests'
    """

    weights: str = ""

    facts: ClassVar[type[Any]] = Digests


@dataclass(frozen=True)
class Drop(Request[Nothing]):
    """Forget the model in a slot.

    Attributes:
        slot: Slot of the model.
    """

    slot: str


@dataclass(frozen=True)
class Settle(Request[Nothing]):
    """Wait a moment, so that threads of the submission can finish."""


@dataclass(frozen=True)
class Measure(Request[Footprint]):
    """Measure what the process holds, after freeing what can be freed."""

    facts: ClassVar[type[Any]] = Footprint


@dataclass(frozen=True)
class Describe(Request[Environment]):
    """Ask for the versions of the software that the submission runs on."""

    facts: ClassVar[type[Any]] = Environment


@dataclass(frozen=True)
class Extend(Request[Extension]):
    """Run a function of the caller's own package in the worker, with the imported module.

    Attributes:
        package: Folder of the package. It is imported under a private name, since the submission
            may have a package of the same name.
        function: Module and function in the package, such as `simulation.machine:simulate`. It
            is called with the submission's module and the arguments, and returns a mapping of
            plain JSON values.
        arguments: Keyword arguments, plain JSON values.
    """

    package: str
    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    facts: ClassVar[type[Any]] = Extension
