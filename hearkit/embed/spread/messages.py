"""What the driver and its actors tell each other: names and figures, no audio, no embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...api.submission import Submission
from ...errors import (
    HearError,
    LostError,
    OutputError,
    SubmissionError,
    TaskError,
    UsageError,
)
from ...remote.url import Place

_ERRORS = (LostError, OutputError, SubmissionError, TaskError, UsageError)
"""Errors that are raised again where they are told."""


@dataclass(frozen=True)
class Setup:
    """What an actor needs to know.

    Attributes:
        submission: What to load.
        weights: The path of the weights as the user wrote it.
        batch_size: Sounds in a batch at most.
        seconds: Time limit of a step.
        memory_bytes: Memory of the module's process; None for its share of what is free there.
        in_process: Whether the module runs in the actor's own process.
        command: What the module sees as the command's name.
        folder: The folder that relative paths begin in, and where modules are found.
        kind: Format of the results.
        out: Folder of the results.
    """

    submission: Submission
    weights: str
    batch_size: int
    seconds: float
    memory_bytes: int | None
    in_process: bool
    command: str
    folder: Path
    kind: str
    out: Place


@dataclass(frozen=True)
class Opened:
    """What was loaded.

    Attributes:
        key: The model's key.
        places: Where files are by role that the model was made from.
    """

    key: str
    places: Mapping[str, str]


@dataclass(frozen=True)
class Refused:
    """Why nothing can be done there: an error as plain text.

    Attributes:
        kind: Name of its class.
        message: Its line.
        trace: Where it was raised, for `--debug`.
    """

    kind: str
    message: str
    trace: str = ""

    def error(self) -> HearError:
        """The error, to be raised here."""
        kinds = {one.__name__: one for one in _ERRORS}
        return traced(kinds.get(self.kind, HearError)(self.message), self.trace)


@dataclass(frozen=True)
class Failed:
    """A recording that failed.

    Attributes:
        name: Its job's name.
        line: What to say of it.
        trace: Where that was raised, for `--debug`.
    """

    name: str
    line: str
    trace: str = ""

    def error(self) -> HearError:
        """The error, to be shown here."""
        return traced(SubmissionError(self.line), self.trace)


@dataclass
class Report:
    """What became of jobs.

    Attributes:
        failed: Those that failed.
        kept: Names of those whose results are kept; some may be of earlier calls.
        lines: Remarks.
        audio_s: Seconds of audio that were embedded.
        spent: Seconds by what they were spent on.
        stopped: Why the actor cannot go on.
    """

    failed: list[Failed] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    audio_s: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)
    stopped: Refused | None = None


class _ToldByActor(Exception):  # noqa: N818 - never raised, only shown as a cause
    """A traceback in an actor; `--debug` shows it."""


def traced(error: HearError, trace: str) -> HearError:
    """An error with a traceback from elsewhere as its cause."""
    if trace:
        error.__cause__ = _ToldByActor(f"\n{trace}")
    return error
