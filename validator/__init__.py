"""A validator for submissions to the HEAR audio-embedding API.

>>> from validator import validate
>>> report = validate("hearbaseline", select=("I",))
>>> report.counts()[Status.FAILED]
0
"""

from __future__ import annotations

from .api import validate
from .catalogue import Check, Figure, Kind, Severity, Verdict
from .options import Options, UsageError
from .report import Report, Result, Status
from .submission import Submission

__all__ = [
    "Check",
    "Figure",
    "Kind",
    "Options",
    "Report",
    "Result",
    "Severity",
    "Status",
    "Submission",
    "UsageError",
    "Verdict",
    "validate",
]
