"""Words that depend on a number."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """The number with its noun.

    Examples:
        >>> from validator.words import counted
        >>> counted(1, "check"), counted(2, "check")
        ('1 check', '2 checks')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
