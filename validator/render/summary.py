"""Several runs in one sentence, for the console and the page."""

from __future__ import annotations

from ..compare import Comparison, Outcome, differ

_PLURALS = {
    "conforms": "conform",
    "does not conform": "do not conform",
    "could not be run": "could not be run",
}
"""Each verdict as one submission has it, and as several have it."""


def summary(comparison: Comparison) -> str:
    """How many conform, and in how many checks they differ."""
    verdicts = [verdict_of(outcome) for outcome in comparison.outcomes]
    counted = []
    for one, several in _PLURALS.items():
        count = verdicts.count(one)
        if count:
            counted.append(f"{count} {one if count == 1 else several}")
    rows = comparison.rows()
    unlike = sum(differ(results) for _, results in rows)
    return (
        f"{len(verdicts)} submissions: {', '.join(counted)}. "
        f"They differ in {unlike} of {len(rows)} checks."
    )


def verdict_of(outcome: Outcome) -> str:
    """What became of one submission, in words."""
    if outcome.report is None:
        return "could not be run"
    return "conforms" if outcome.report.conforms else "does not conform"
