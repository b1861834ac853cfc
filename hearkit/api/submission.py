"""Submissions, replies, and the protocol of connections."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from ..effect import Effect
from ..errors import UsageError

if TYPE_CHECKING:
    # `--help`, and pytest where nothing is validated, do without NumPy.
    import numpy as np
    from numpy.typing import NDArray

    from .requests import Request

Facts = TypeVar("Facts")


@dataclass(frozen=True)
class Submission:
    """What to load: names only, nothing is opened.

    Attributes:
        module: Name of the module.
        weights: Path of the checkpoint, the argument of `load_model`.
        device: `cpu`, `cuda`, `cuda:N`, or `auto` for a GPU if the framework finds one.

    Examples:
        >>> from hearkit.api import Submission
        >>> Submission("my_model").device
        'cpu'
    """

    module: str
    weights: Path | None = None
    device: str = "cpu"

    @classmethod
    def of(cls, module: str, weights: str | Path | None = None, device: str = "cpu") -> Submission:
        """The submission that a user names, checked.

        Args:
            module: The name of an importable module, such as `my_package.variant`.
            weights: The path of a checkpoint, a file or a folder; None or "" for none.
            device: `auto`, `cpu`, `cuda` or `cuda:N`.

        Raises:
            UsageError: If the module is named by a path, the weights do not exist, or the device
                is unknown.
        """
        check_device(device)
        return cls(_module(module), _existing(weights), device)


def check_device(name: str) -> None:
    """Refuse what names no device, whether it is there or not.

    Args:
        name: As `Submission.device`.

    Raises:
        UsageError: If it is unknown.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        raise UsageError(f"there is no device {name!r}; --device takes auto, cpu, cuda or cuda:N")


def _module(name: str) -> str:
    if name.endswith(".py") or "/" in name:
        path = Path(name)
        if path.is_absolute() or ".." in path.parts:
            advice = f"{path.stem}, run from {path.parent}"
        else:
            advice = ".".join(path.with_suffix("").parts)
        raise UsageError(f"{name}: give a module's name, not a path, for example {advice}")
    if not all(part.strip() for part in name.split(".")):
        raise UsageError(f"{name!r} names no module; give a name such as my_package.variant")
    return name


def not_found(module: str) -> str:
    """What to say of a module that does not exist."""
    return f"there is no module {module!r}: install it, or run from the folder that holds it"


def _existing(weights: str | Path | None) -> Path | None:
    if not weights:
        return None
    path = Path(weights)
    # A TensorFlow checkpoint is named by what its files' names begin with.
    if not path.exists() and not path.with_name(f"{path.name}.index").exists():
        raise UsageError(f"{path}: there is no such file; give the path of the weights")
    return path


def resolved_device(name: str) -> str:
    """A device that is there: `auto` becomes one.

    Only a GPU needs a framework in this process, and either of them tells.

    Args:
        name: As `Submission.device`.

    Raises:
        UsageError: If there is no such GPU.
    """
    if name == "cpu":
        return name
    from . import frameworks

    installed = frameworks.installed()
    if installed is not None:
        return installed.find_device(name)
    if name == "auto":
        return "cpu"
    raise UsageError(f"--device {name}: neither PyTorch nor TensorFlow is installed; use cpu")


@dataclass(frozen=True)
class Value:
    """One value that a function returned.

    Attributes:
        type: Name of its type.
        framework: `torch` or `tensorflow`, `numpy` for an array; "" for anything else, such as a
            list of numbers.
        dtype: Name of the dtype as it was returned, such as `float32`.
        shape: Shape of the tensor.
        device: Device of the tensor.
        requires_grad: Whether it requires a gradient.
        array: The numbers as float32, whatever the dtype; None if there are none.

    Examples:
        >>> from hearkit.api import Value
        >>> print(Value("builtins.NoneType", ""))
        builtins.NoneType
    """

    type: str
    framework: str
    dtype: str = ""
    shape: tuple[int, ...] = ()
    device: str = ""
    requires_grad: bool = False
    array: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        """The value as messages name it, for example `float32 Tensor (2, 20, 64)`."""
        if self.array is None:
            return self.type
        return f"{self.dtype} {self.type.rpartition('.')[2]} {self.shape}"


@dataclass(frozen=True)
class Reply(Generic[Facts]):
    """The answer to one request.

    Attributes:
        facts: Facts about the step, of the type that the request has.
        container: How values were returned: `single`, `tuple`, `list` or `dict`.
        values: Values that the submission's function returned, if one was called.
        opened: Files that the process opened during the step, as far as Python sees them. Where
            nobody watches for side effects, those that a call has read and that are no library's.
        effects: Side effects of the step.
        seconds: Wall-clock seconds of the step itself.
        peak_bytes: Peak resident memory of the process during the step; 0 if not measured.

    Examples:
        >>> import numpy as np
        >>> from hearkit.api import Call, Import, Load, Submission
        >>> from hearkit.api.local import LocalConnection
        >>> connection = LocalConnection(Submission("hearbaseline"))
        >>> _ = connection.ask(Import(), step="importing"), connection.ask(Load(), step="loading")
        >>> call, audio = Call("get_scene_embeddings"), np.zeros((2, 44100), np.float32)
        >>> reply = connection.ask(call, step="embedding", audio=audio)
        >>> reply.container, reply.values[0].shape
        ('single', (2, 4096))
    """

    facts: Facts
    container: str = ""
    values: tuple[Value, ...] = ()
    opened: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    seconds: float = 0.0
    peak_bytes: int = 0


class Connection(Protocol):
    """Sends requests to a submission, wherever it runs.

    Attributes:
        starts: Number of times that the submission's process was started. A new process has
            imported nothing.

    Examples:
        >>> from hearkit.api import Connection, Import, Submission
        >>> from hearkit.api.local import LocalConnection
        >>> connection: Connection = LocalConnection(Submission("hearbaseline"))
        >>> _ = connection.ask(Import(), step="importing")
        >>> connection.alive
        True
    """

    starts: int

    @property
    def alive(self) -> bool:
        """Whether the process runs that has what was imported and loaded."""

    def ask(
        self,
        request: Request[Facts],
        *,
        step: str,
        audio: NDArray[np.float32] | None = None,
        seconds: float = 0.0,
    ) -> Reply[Facts]:
        """Have one step done.

        Args:
            request: What to do.
            step: The step in words, for messages.
            audio: Audio of a call, float32, shape (n_sounds, n_samples), in [-1, 1], at the
                model's sample rate.
            seconds: Seconds to allow on top of the time limit, for long audio.

        Raises:
            Fault: If the submission does not answer.
        """

    def close(self) -> None:
        """End the connection; a later request starts it again."""
