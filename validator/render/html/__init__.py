"""The report as one page."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hearkit import pages
from hearkit.errors import UsageError

from ...key_figures import key_figures
from ...report import Report, Result, Status
from .picture import Picture

if TYPE_CHECKING:
    from ...compare import Comparison

_FOLDER = Path(__file__).parent

LOOKS: dict[Status, tuple[str, str, str]] = {
    Status.FAILED: ("✕", "failed", "bad"),
    Status.BROKEN: ("!", "broken", "bad"),
    Status.UNEXPECTED_PASS: ("✕", "passed unexpectedly", "bad"),
    Status.WARNED: ("▲", "warned", "warn"),
    Status.EXPECTED: ("▲", "failed as expected", "warn"),
    Status.INCONCLUSIVE: ("?", "inconclusive", "info"),
    Status.PASSED: ("✓", "passed", "good"),
    Status.SKIPPED: ("·", "skipped", "muted"),
}
"""Mark, word and colour of each status, in the order in which they matter."""

_TOLD_IN_FULL = {Status.UNEXPECTED_PASS, Status.BROKEN}
"""What is told among the findings without being one."""


def check_drawable() -> None:
    """Refuse a page before minutes are spent on a run, where it could not be drawn.

    Raises:
        UsageError: If Matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise UsageError(
            "--html draws with Matplotlib, which is not installed: pip install 'hearbaseline[html]'"
        )


def render(report: Report) -> str:
    """The page of one run."""
    findings = [r for r in report.results if r.is_finding or r.status in _TOLD_IN_FULL]
    order = list(LOOKS)
    return _page(
        "report.html",
        report=report,
        findings=sorted(findings, key=lambda r: order.index(r.status)),
        words=[("", "all"), *((LOOKS[s][1], LOOKS[s][1]) for s in order if report.counts()[s])],
        families=list(dict.fromkeys(r.check.family for r in report.results)),
        figures=[f for f in key_figures(report) if f.value is not None],
        pictures=_pictures(report),
    )


def render_comparison(comparison: Comparison) -> str:
    """The page of several runs, side by side."""
    from ...compare import differ
    from ..summary import summary

    rows = [(check, results, differ(results)) for check, results in comparison.rows()]
    return _page(
        "compare.html",
        comparison=comparison,
        summary=summary(comparison),
        statuses={r.status for report in comparison.reports for r in report.results},
        families=list(dict.fromkeys(check.family for check, _, _ in rows)),
        rows=rows,
    )


def _page(template: str, **context: Any) -> str:
    """Fill in a template; every page holds the same style and script."""
    filters = {"measured": _measured, "said": _said, "nice": _nice}
    return pages.render(_FOLDER, template, filters, looks=LOOKS, **context)


def _pictures(report: Report) -> list[Picture]:
    # Matplotlib takes a second to import, and the page of a comparison has no pictures.
    from . import embeddings, measured

    results = {r.check.id: r for r in report.results}
    return [
        measured.timestamp_grid(results),
        measured.centring(results),
        measured.batch_errors(results),
        embeddings.similarity(report.gallery),
        embeddings.timestamp_colours(report.gallery),
        measured.cost(results),
    ]


def _measured(result: Result) -> str:
    """The figures of a result, in words."""
    return ", ".join(map(str, result.verdict.figures)) if result.verdict else ""


def _said(result: Result) -> str:
    """One line on what became of a check."""
    if result.verdict is None:
        return result.why.partition("\n")[0]
    return "; ".join(filter(None, (result.verdict.seen, _measured(result))))


def _nice(value: Any) -> str:
    """Settings of the environment, in words."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_nice(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_nice, value))
    return str(value)
