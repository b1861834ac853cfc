"""What can go wrong, each with the exit status that it means."""

from __future__ import annotations


class EmbedError(Exception):
    """One line for the user: what, where, how to mend it.

    Attributes:
        exit_status: Of the command.
    """

    exit_status = 2


class UsageError(EmbedError):
    """What was asked for cannot be done: paths, options, the output folder."""


class SubmissionError(EmbedError):
    """The HEAR module is at fault."""

    exit_status = 1


class UnreadableError(EmbedError):
    """One audio file cannot be embedded; the others go on."""

    exit_status = 1
