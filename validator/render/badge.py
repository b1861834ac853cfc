"""The outcome as a badge: a small SVG without fonts, scripts or links."""

from __future__ import annotations

from xml.sax.saxutils import escape

from ..report import Report, Status

_GREEN, _YELLOW, _RED = "#2e7d32", "#9a6700", "#c62828"
_CHARACTER = 6.6
"""Units that a character of 11-unit sans serif takes, on the average."""


def badge(report: Report) -> str:
    """`HEAR | conforms`, or how many errors; the organiser's profile says so."""
    counts = report.counts()
    failed = len(report.results) and (
        counts[Status.FAILED] + counts[Status.UNEXPECTED_PASS] + counts[Status.BROKEN]
    )
    label = "HEAR, organiser" if report.profile == "organiser" else "HEAR"
    if report.conforms:
        warned = counts[Status.WARNED]
        text = f"conforms, {_plural(warned, 'warning')}" if warned else "conforms"
        colour = _YELLOW if warned else _GREEN
    else:
        text, colour = (_plural(failed, "error") if failed else "not validated"), _RED
    left, right = (round(len(t) * _CHARACTER + 12) for t in (label, text))
    title = escape(f"{label}: {report.module} {text}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{escape(title, {chr(34): "&quot;"})}">\n'
        f"  <title>{title}</title>\n"
        f'  <rect width="{left}" height="20" fill="#444"/>\n'
        f'  <rect x="{left}" width="{right}" height="20" fill="{colour}"/>\n'
        '  <g fill="#fff" text-anchor="middle" font-family="Verdana,sans-serif" font-size="11">\n'
        f'    <text x="{left / 2:g}" y="14">{escape(label)}</text>\n'
        f'    <text x="{left + right / 2:g}" y="14">{escape(text)}</text>\n'
        "  </g>\n"
        "</svg>\n"
    )


def _plural(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"
