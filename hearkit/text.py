"""Text that comes from a submission, made safe to print."""

from __future__ import annotations

import re

_LONGEST = 400

_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters but for line ends and tabs, marks of direction, and lone surrogates."""


_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""Keras colours its messages."""


def one_line(text: object, longest: int = _LONGEST) -> str:
    """The text on one line, without control characters, cut to a readable length.

    A submission's messages must not be able to move the cursor, colour the terminal or begin
    a line of the report.
    """
    flat = " ".join(printable(str(text)).split())
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def printable(text: str) -> str:
    """The text without what steers a terminal, reorders a line, or cannot be encoded."""
    return _UNPRINTABLE.sub("�", _COLOURS.sub("", text))
