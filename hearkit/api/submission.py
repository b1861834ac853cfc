"""What to load, what it answers, and the protocol of whatever runs it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

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
    """What to load. Holds no handle.

    Attributes:
        module: The module's name.
        weights: The checkpoint that `load_model` is given.
        device: `cpu`, `cuda`, `cuda:N`, or `auto` for a GPU where the framework sees one.

    Examples:
        >>> from validator import Submission
        >>> Submission("my_model").device
        'cpu'
    """

    module: str
    weights: Path | None = None
    device: str = "cpu"

    @classmethod
    def of(cls, module: str, weights: str | Path | None = None, device: str = "cpu") -> Submission:
        """The submission that a user names.

        Args:
            module: The name of an importable module, such as `my_package.variant`.
            weights: The path of a checkpoint, a file or a folder, or nothing.
            device: `auto`, `cpu`, `cuda` or `cuda:N`.

        Raises:
            UsageError: If the name is none, the weights do not exist, or there is no such device.
        """
        if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", device):
            raise UsageError(
                f"there is no device {device!r}; --device takes auto, cpu, cuda or cuda:N"
            )
        return cls(_module(module), _existing(weights), device)


def _module(name: str) -> str:
    if name.endswith(".py") or "/" in name:
        path = Path(name)
        if path.is_absolute() or ".." in path.parts:
            advice = f"{path.stem}, run from {path.parent}"
        else:
            advice = ".".join(path.with_suffix("").parts)
        raise UsageError(f"{name}: give a module's name, not a path, for example {advice}")
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
    """One returned value: what it is, and its numbers where it has any."""

    type: str
    framework: str
    dtype: str = ""
    shape: tuple[int, ...] = ()
    device: str = ""
    requires_grad: bool = False
    array: NDArray[Any] | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        """The value as messages name it, for example `float32 Tensor (2, 20, 64)`."""
        if self.array is None:
            return self.type
        return f"{self.dtype} {self.type.rpartition('.')[2]} {self.shape}"


@dataclass(frozen=True)
class Reply(Generic[Facts]):
    """The answer to one request.

    Attributes:
        facts: What is known of the step, typed by the request.
        container: `single`, `tuple`, `list` or the type's name: how values were returned.
        values: The values returned by the submission's function, if one was called.
        opened: The files that the process opened meanwhile, as far as Python sees it.
        effects: What it did besides answering.
        seconds: Wall-clock seconds of the step itself.
        peak_bytes: Highest resident memory of the process during the step; 0 if not measured.
    """

    facts: Facts
    container: str = ""
    values: tuple[Value, ...] = ()
    opened: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    seconds: float = 0.0
    peak_bytes: int = 0


class Connection(Protocol):
    """A line to something that runs the submission.

    Attributes:
        starts: How many times it was started so far; a new one has imported nothing.
    """

    starts: int

    @property
    def alive(self) -> bool:
        """Whether there is something that keeps what it imported and loaded."""

    def ask(
        self,
        request: Request[Facts],
        *,
        step: str,
        audio: NDArray[np.float32] | None = None,
        seconds: float = 0.0,
    ) -> Reply[Facts]:
        """Ask for one step.

        Args:
            request: What to do.
            step: The step in words, for messages.
            audio: Audio that travels with the request, shape (n_sounds, n_samples).
            seconds: What to allow on top of the time limit, for long audio.

        Raises:
            Fault: If the submission does not answer.
        """

    def close(self) -> None:
        """End it; a later request starts anew."""
