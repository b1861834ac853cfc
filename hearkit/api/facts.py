"""What a worker says of a module, a model and itself: plain values, typed.

They cross to another process as JSON (`wire.plain` and `wire.typed`), so every field is text, a
number, or a tuple or mapping of those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Nothing:
    """The facts of a step that tells none."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function.

    Attributes:
        name: Its name.
        positional: Whether it can be given by position.
        variadic: Whether it takes any number of arguments (`*more`, `**more`).
        default: Whether it has a default.
        star: Whether it takes any number by position (`*more`).
    """

    name: str
    positional: bool
    variadic: bool
    default: bool
    star: bool


@dataclass(frozen=True)
class Function:
    """What stands in a module under a function's name.

    Attributes:
        callable: Whether it can be called.
        type: Its type's name.
        parameters: Its parameters; None where they cannot be known.
    """

    callable: bool
    type: str
    parameters: tuple[Parameter, ...] | None = None


@dataclass(frozen=True)
class ModuleFacts:
    """What is known of an imported module.

    Attributes:
        functions: By name, those of the contract; None where there is no such attribute.
        file: Its source file; None where it has none.
        frameworks: The frameworks that the process has imported by then.
        environment_changed: Whether the import changed environment variables, which frameworks
            read when they are imported.
    """

    functions: Mapping[str, Function | None]
    file: Path | None
    frameworks: tuple[str, ...]
    environment_changed: bool


@dataclass(frozen=True)
class Attribute:
    """One attribute of a model.

    Attributes:
        present: Whether the model has it.
        type: Its type's name.
        python_int: Whether it is exactly an `int`.
        integral: Whether it is a whole number, of Python or of NumPy.
        number: Its value, where it is a number.
        text: Its `repr`, cut.
    """

    present: bool
    type: str = ""
    python_int: bool = False
    integral: bool = False
    number: float | None = None
    text: str = ""


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a loaded model.

    Attributes:
        type: Its type's name.
        framework: `torch`, `tensorflow`, or "" where it is no model.
        attributes: By name, those of the contract.
        random_state: A digest of each global generator's state after loading.
        device: Where it was put.
        files: The loaded files of the module's package.
    """

    type: str
    framework: str
    attributes: Mapping[str, Attribute]
    random_state: Mapping[str, str]
    device: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class CallFacts:
    """What is known of a call.

    Attributes:
        training: Layers that ran in training mode and behave differently in it, name to type.
        device_peak_bytes: The most memory allocated on a GPU meanwhile; 0 on the CPU.
    """

    training: Mapping[str, str]
    device_peak_bytes: int


@dataclass(frozen=True)
class Footprint:
    """What a process keeps.

    Attributes:
        bytes: Memory in use.
        exact: Whether these are the bytes allocated; otherwise what is resident.
        objects: Python objects.
    """

    bytes: int
    exact: bool
    objects: int


@dataclass(frozen=True)
class Environment:
    """Versions of what the submission runs on."""

    python: str = ""
    platform: str = ""
    numpy: str = ""
    frameworks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Extension:
    """What a function of the caller's own returned, run in the worker."""

    result: Mapping[str, Any] = field(default_factory=dict)
