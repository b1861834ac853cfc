"""Facts about a module, a model and a worker: plain, typed values.

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
    """Facts of a step that has none."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function.

    Attributes:
        name: Name of the parameter.
        positional: Whether it can be passed by position.
        variadic: Whether it takes any number of arguments (`*more`, `**more`).
        default: Whether it has a default.
        star: Whether it takes any number of positional arguments (`*more`).

    Examples:
        >>> from hearkit.api import Parameter
        >>> audio = Parameter("audio", positional=True, variadic=False, default=False, star=False)
        >>> audio.positional and not audio.default
        True
    """

    name: str
    positional: bool
    variadic: bool
    default: bool
    star: bool


@dataclass(frozen=True)
class Function:
    """The attribute of a module that has a function's name.

    Attributes:
        callable: Whether it can be called.
        type: Name of its type.
        parameters: Parameters; None where they cannot be known.

    Examples:
        >>> from hearkit.api import Function
        >>> Function(callable=False, type="int").parameters is None
        True
    """

    callable: bool
    type: str
    parameters: tuple[Parameter, ...] | None = None


@dataclass(frozen=True)
class ModuleFacts:
    """Facts about an imported module.

    Attributes:
        functions: Functions of the contract, by name; None where there is no such attribute.
        file: Source file; None where the module has none.
        frameworks: Frameworks that the process has imported so far.
        environment_changed: Whether the import changed environment variables, which frameworks
            read when they are imported.

    Examples:
        >>> from hearkit.api import Import, Submission
        >>> from hearkit.api.local import LocalConnection
        >>> connection = LocalConnection(Submission("hearbaseline"))
        >>> facts = connection.ask(Import(), step="importing").facts
        >>> facts.functions["load_model"].callable
        True
    """

    functions: Mapping[str, Function | None]
    file: Path | None
    frameworks: tuple[str, ...]
    environment_changed: bool


@dataclass(frozen=True)
class Attribute:
    """One attribute of a model.

    Attributes:
        present: Whether the model has the attribute.
        type: Name of its type.
        python_int: Whether its type is exactly `int`.
        integral: Whether it is a whole number, of Python or of NumPy.
        number: Its value, if it is a number.
        text: Its `repr`, shortened.

    Examples:
        >>> from hearkit.api import Attribute
        >>> Attribute(present=True, type="int", python_int=True, integral=True, number=16000).number
        16000
    """

    present: bool
    type: str = ""
    python_int: bool = False
    integral: bool = False
    number: float | None = None
    text: str = ""


@dataclass(frozen=True)
class ModelFacts:
    """Facts about a loaded model.

    Attributes:
        type: Name of its type.
        framework: `torch`, `tensorflow`, or "" if it is not a model.
        attributes: Attributes of the contract, by name.
        random_state: Digest of the state of each global generator after loading, by name.
        device: Device that the model was moved to.
        files: Files of the module's package that were loaded.
        parts: Types of the model's layers, and what the module's code names of functions that
            embed sounds together if they are given a batch.

    Examples:
        >>> from hearkit.api import Import, Load, Submission
        >>> from hearkit.api.local import LocalConnection
        >>> connection = LocalConnection(Submission("hearbaseline"))
        >>> _ = connection.ask(Import(), step="importing")
        >>> facts = connection.ask(Load(), step="loading").facts
        >>> facts.framework, facts.attributes["sample_rate"].number
        ('torch', 44100.0)
    """

    type: str
    framework: str
    attributes: Mapping[str, Attribute]
    random_state: Mapping[str, str]
    device: str
    files: tuple[Path, ...]
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Digests:
    """What a model was made from: the files that its process has read until now.

    A file counts by what it holds and by its role, such as `module/layers.py` or
    `weights.safetensors`; its place and time do not count.

    Attributes:
        files: SHA-256 of each file's contents, by role.
        places: Where each file is, by role.

    Examples:
        >>> from hearkit.api import Digest, Import, Load, Submission
        >>> from hearkit.api.local import LocalConnection
        >>> connection = LocalConnection(Submission("hearbaseline"))
        >>> _ = connection.ask(Import(), step="importing"), connection.ask(Load(), step="loading")
        >>> digests = connection.ask(Digest(), step="identifying").facts
        >>> len(digests.files["module/mel.py"])
        64
    """

    files: Mapping[str, str]
    places: Mapping[str, str]


@dataclass(frozen=True)
class CallFacts:
    """Facts about a call.

    Attributes:
        training: Layers that ran in training mode and behave differently in it, from name to type.
        device_peak_bytes: Peak of the memory allocated on a GPU during the call; 0 on the CPU.
    """

    training: Mapping[str, str]
    device_peak_bytes: int


@dataclass(frozen=True)
class Footprint:
    """Memory and objects that a process holds.

    Attributes:
        bytes: Memory in use.
        exact: Whether `bytes` is allocated memory; otherwise it is resident memory.
        objects: Number of Python objects.

    Examples:
        >>> from hearkit.api import Footprint
        >>> Footprint(bytes=4096, exact=True, objects=10).bytes
        4096
    """

    bytes: int
    exact: bool
    objects: int


@dataclass(frozen=True)
class Environment:
    """Versions of the software that the submission runs on.

    Attributes:
        python: Version of Python.
        platform: Operating system and processor.
        numpy: Version of NumPy.
        frameworks: Versions and devices of the imported frameworks.

    Examples:
        >>> from hearkit.api import Environment
        >>> Environment(python="3.12.1").python
        '3.12.1'
    """

    python: str = ""
    platform: str = ""
    numpy: str = ""
    frameworks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Extension:
    """Result of a function of the caller's own that ran in the worker.

    Attributes:
        result: Plain JSON values, by name.
    """

    result: Mapping[str, Any] = field(default_factory=dict)
