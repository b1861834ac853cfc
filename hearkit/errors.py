"""All errors, as a tree; each has one line for the user and an exit status.

- `HearError`
    - `UsageError`: what was asked for cannot be done (exit status 2)
        - `OutputError`: no result can be written, such as on a full disk (2)
    - `SubmissionError`: the HEAR module is at fault (1)
    - `LostError`: the HEAR module ended its process and cannot be loaded again (1)
    - `UnreadableError`: one recording cannot be embedded (1)
    - `TaskError`: one task cannot be scored (1)
    - `UnwritableError`: one result cannot be written (1)
    - `Fault`: the submission did not answer one request (1)
    - `OutOfTimeError`: the time for the whole run is used up (1)
- `EndedError`: a signal asked this process to end (128 and the signal's number)
"""

from __future__ import annotations

import signal

from .effect import Effect


class HearError(Exception):
    """One line for the user: what is wrong, where, and how to fix it.

    Attributes:
        exit_status: Exit status of a command that ends with this error.
    """

    exit_status = 2


class UsageError(HearError, ValueError):
    """What was asked for cannot be done: a module, a path, an option, the output folder.

    Examples:
        >>> from validator import UsageError, validate
        >>> try:
        ...     validate("my_model", seed=-1)
        ... except UsageError as error:
        ...     print(error)
        --seed must be 0 or more
    """


class OutputError(UsageError):
    """No result can be written, so the run stops."""


class SubmissionError(HearError):
    """The HEAR module is at fault."""

    exit_status = 1


class LostError(HearError):
    """The HEAR module ended its process and cannot be loaded again, so the run stops."""

    exit_status = 1


class UnreadableError(HearError):
    """One recording cannot be embedded; the run continues with the others."""

    exit_status = 1


class TaskError(HearError):
    """One task cannot be scored; the run continues with the others."""

    exit_status = 1


class UnwritableError(HearError):
    """One result cannot be written; the run continues with the others."""

    exit_status = 1


class OutOfTimeError(HearError):
    """The time for the whole run is used up; what was asked last has got no answer."""

    exit_status = 1


class Fault(HearError):  # noqa: N818 - a finding, not an error of ours
    """The submission did not answer: it raised, exited, crashed, hung or took too much memory.

    Attributes:
        kind: `exception`, `exit`, `crash`, `timeout`, `memory`, `answer` for an answer that cannot
            be read, or `usage` if something that was asked for does not exist.
        message: What happened, in one line.
        step: The step in words.
        traceback: Traceback of the submission's own frames, if it raised.
        effects: Side effects of the step until then.
        missing: Name of the module that was not found, if that was raised.

    Examples:
        >>> from hearkit.api import Fault
        >>> print(Fault("crash", "ended its process by signal SIGSEGV", "import my_model"))
        import my_model: ended its process by signal SIGSEGV
    """

    exit_status = 1

    def __init__(
        self,
        kind: str,
        message: str,
        step: str = "",
        *,
        traceback: str = "",
        effects: tuple[Effect, ...] = (),
        missing: str = "",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.step = step
        self.traceback = traceback
        self.effects = effects
        self.missing = missing

    def __str__(self) -> str:
        """One line: the step, then what happened."""
        return f"{self.step}: {self.message}" if self.step else self.message


class EndedError(BaseException):
    """A signal asked this process to end; like `KeyboardInterrupt`, so that all is closed.

    Attributes:
        number: The signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
