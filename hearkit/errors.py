"""What can go wrong, as a tree; each has one line for the user and an exit status.

- `HearError`
    - `UsageError`: what was asked for cannot be done (exit status 2)
    - `SubmissionError`: the HEAR module is at fault (1)
    - `LostError`: the HEAR module ended its process and cannot be loaded again (1)
    - `UnreadableError`: one recording cannot be embedded (1)
    - `Fault`: the submission did not answer one request (1)
- `EndedError`: a signal asked this process to end (128 and the signal's number)
"""

from __future__ import annotations

import signal

from .effect import Effect


class HearError(Exception):
    """One line for the user: what, where, and how to fix it.

    Attributes:
        exit_status: Of a command that ends with it.
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


class SubmissionError(HearError):
    """The HEAR module is at fault."""

    exit_status = 1


class LostError(HearError):
    """The HEAR module ended its process and cannot be loaded again; nothing can go on."""

    exit_status = 1


class UnreadableError(HearError):
    """One recording cannot be embedded; the others go on."""

    exit_status = 1


class Fault(HearError):  # noqa: N818 - a finding, not an error of ours
    """The submission failed to answer: it raised, exited, crashed, hung, ate memory or lied.

    Attributes:
        kind: `exception`, `exit`, `crash`, `timeout`, `memory`, `answer`, or `usage` where what
            was asked for is not there.
        message: What happened, in one line.
        step: What was being done, in words.
        traceback: The submission's own frames, if it raised.
        effects: What it had done besides, until then.
        missing: The module that was not found, where that is what was raised.
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
