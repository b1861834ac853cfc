"""A validator for submissions to the HEAR audio-embedding API.

Examples:
    >>> from validator import Status, validate
    >>> report = validate("hearbaseline", select=("I",))
    >>> report.counts()[Status.FAILED]
    0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hearkit.api.submission import Submission
from hearkit.errors import UsageError

from .catalogue import Check, Family, Figure, Kind, Severity, Verdict
from .options import Options
from .report import Report, Result, Skipped, Status

if TYPE_CHECKING:
    from .api import validate

__all__ = [
    "Check",
    "Family",
    "Figure",
    "Kind",
    "Options",
    "Report",
    "Result",
    "Severity",
    "Skipped",
    "Status",
    "Submission",
    "UsageError",
    "Verdict",
    "validate",
]


def __getattr__(name: str) -> Any:
    """`validate` brings the checks with it, which a worker or `--help` has no use for."""
    if name == "validate":
        from .api import validate

        return validate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
