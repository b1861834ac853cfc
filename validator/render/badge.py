"""The outcome as a badge: a small SVG without fonts, scripts or links."""

from __future__ import annotations

from html import escape

from hearkit.text import one_line

from ..report import Report, Status
from ..words import counted

_GREEN, _YELLOW, _RED = "#2e7d32", "#9a6700", "#c62828"
_CHARACTER = 6.6
"""Units that a character of 11-unit sans serif takes, on the average."""


def render(report: Report) -> str:
    """`HEAR | conforms`, or how many errors; the organiser's profile says so.

    What was accepted or left out is said as well: a badge must not promise more than the run.
    """
    label = "HEAR, organiser" if report.profile == "organiser" else "HEAR"
    text, colour = _outcome(report)
    left, right = (round(len(t) * _CHARACTER + 12) for t in (label, text))
    title = escape(one_line(f"{label}: {report.module} {text}"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{title}">\n'
        f"  <title>{title}</title>\n"
        f'  <rect width="{left}" height="20" fill="#444"/>\n'
        f'  <rect x="{left}" width="{right}" height="20" fill="{colour}"/>\n'
        '  <g fill="#fff" text-anchor="middle" font-family="Verdana,sans-serif" font-size="11">\n'
        f'    <text x="{left / 2:g}" y="14">{escape(label)}</text>\n'
        f'    <text x="{left + right / 2:g}" y="14">{escape(text)}</text>\n'
        "  </g>\n"
        "</svg>\n"
    )


def _outcome(report: Report) -> tuple[str, str]:
    counts = report.counts()
    if not report.conforms:
        errors = report.errors
        return (counted(errors, "error") if errors else "not validated"), _RED
    warned, accepted = counts[Status.WARNED], counts[Status.EXPECTED]
    ran = len(report.results) - counts[Status.SKIPPED]
    parts = (
        "conforms",
        counted(warned, "warning") if warned else "",
        f"{accepted} accepted" if accepted else "",
        f"{ran} of {len(report.results)} checks" if counts[Status.SKIPPED] else "",
    )
    return ", ".join(filter(None, parts)), _YELLOW if warned or accepted else _GREEN
