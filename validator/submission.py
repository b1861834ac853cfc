"""What is validated, what it answers, and the line to the process that runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    # `--help`, and pytest where nothing is validated, do without NumPy.
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Submission:
    """What to load. Holds no handle.

    Attributes:
        module: The module's name.
        weights: The checkpoint that `load_model` is given.
        device: `cpu`, `cuda` or `cuda:N`.

    Examples:
        >>> from validator import Submission
        >>> Submission("my_model").device
        'cpu'
    """

    module: str
    weights: Path | None = None
    device: str = "cpu"


@dataclass(frozen=True)
class Effect:
    """Something that a step did besides its answer, such as opening a connection."""

    kind: str
    what: str
    step: str


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
class Reply:
    """The answer to one request.

    Attributes:
        container: `single`, `tuple`, `list` or the type's name: how values were returned.
        values: The values returned by the submission's function, if one was called.
        facts: What else is known of the step, plain JSON values.
        effects: What it did besides answering.
        seconds: Wall-clock seconds of the step itself.
        peak_bytes: Highest resident memory of the process during the step.
    """

    container: str = ""
    values: tuple[Value, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    seconds: float = 0.0
    peak_bytes: int = 0


class SubmissionFault(Exception):  # noqa: N818 - a finding, not an error of ours
    """The submission failed to answer: it raised, exited, crashed, hung, ate memory or lied.

    Attributes:
        kind: `exception`, `exit`, `crash`, `timeout`, `memory` or `answer`.
        message: What happened, in one line.
        step: What was being done, in words.
        traceback: The submission's own frames, if it raised.
        effects: What it had done besides, until then.
        facts: What else is known.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        step: str = "",
        *,
        traceback: str = "",
        effects: tuple[Effect, ...] = (),
        facts: Mapping[str, Any] | None = None,
        snippet: str = "",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.step = step
        self.traceback = traceback
        self.effects = effects
        self.facts = facts or {}
        self.snippet = snippet

    def __str__(self) -> str:
        """One line: the step, then what happened."""
        return f"{self.step}: {self.message}" if self.step else self.message


class Connection(Protocol):
    """A line to something that runs the submission.

    Attributes:
        starts: How many workers were started so far; a new one has imported nothing.
        alive: Whether the last one still runs.
    """

    starts: int

    @property
    def alive(self) -> bool:
        """Whether there is a worker that keeps what it imported and loaded."""

    def request(
        self,
        op: str,
        *,
        step: str,
        audio: NDArray[np.float32] | None = None,
        seconds: float = 0.0,
        **parameters: Any,
    ) -> Reply:
        """Ask for one step.

        Args:
            op: The operation, a method of `worker.Worker`.
            step: The step in words, for messages.
            audio: Audio that travels with the request, shape (n_sounds, n_samples).
            seconds: What to allow on top of the time limit, for long audio.
            parameters: JSON values for the operation.

        Raises:
            SubmissionFault: If the submission does not answer.
        """

    def close(self) -> None:
        """End it; a later request starts anew."""
