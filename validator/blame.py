"""What a submission's failure to answer means for the check that asked."""

from __future__ import annotations

from hearkit.errors import Fault

from .asking.answers import reproduction_of
from .catalogue import Verdict, violates

HINTS = {
    "exception": "The call raises: run the snippet and follow its traceback.",
    "exit": "Remove the exit: a module is imported and called by programs that go on.",
    "crash": "Run the snippet under `python -X faulthandler` to see where the process ends.",
    "timeout": "Find what waits (network, input, a lock); a slow machine needs --timeout.",
    "memory": "Process long audio in chunks; --memory-limit sets the bound.",
}
"""By kind of `Fault`, what most often causes it."""


def blamed(fault: Fault) -> Verdict:
    """What a submission's failure to answer means for the check that asked."""
    return violates(
        str(fault),
        expected="an answer as the contract describes it",
        hint=HINTS.get(fault.kind, ""),
        reproduction=reproduction_of(fault),
        traceback=fault.traceback,
    )
