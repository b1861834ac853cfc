"""The report as JSON; its schema is `validator/report.schema.json`."""

from __future__ import annotations

import json

from ..report import Report


def render(report: Report) -> str:
    """All that is known of a run, for programs."""
    return json.dumps(report.to_dict(), indent=2, allow_nan=False) + "\n"
