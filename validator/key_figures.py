"""The few numbers by which submissions are told apart, gathered from what checks measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeVar

from .checks.model.attributes import EmbeddingSizes, SampleRate
from .report import Report

Evidence = TypeVar("Evidence")

_IN_BATCH = ("R03", "R04", "R05", "R06")
"""Checks whose relative errors are those of one sound in several batches."""


@dataclass(frozen=True)
class KeyFigure:
    """A number with its name and unit.

    Attributes:
        name: What it is.
        value: The number; None where the run did not come to it.
        unit: Its unit, or "".
        digits: Significant digits worth reading; 0 for whole numbers.
    """

    name: str
    value: float | None
    unit: str = ""
    digits: int = 3

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; infinity and NaN become text."""
        value = self.value
        finite = value is None or math.isfinite(value)
        return {"name": self.name, "value": value if finite else str(value), "unit": self.unit}

    def __str__(self) -> str:
        """The number with its unit, or a dash."""
        if self.value is None:
            return "-"
        if not self.digits:
            return f"{self.value:.0f} {self.unit}".rstrip()
        # Less than a millionth of a ms is how floats round, not something measured.
        value = 0.0 if self.unit == "ms" and abs(self.value) < 1e-6 else self.value
        number = f"{value:.{self.digits}g}"
        return f"{number} {self.unit}".rstrip()


def key_figures(report: Report) -> tuple[KeyFigure, ...]:
    """Sample rate, sizes, hop, errors, time and memory of a run; always the same names."""
    rate, sizes = _first(report, SampleRate), _first(report, EmbeddingSizes)
    return (
        KeyFigure("sample rate", rate.hz if rate else None, "Hz", 0),
        KeyFigure("scene embedding", sizes.scene if sizes else None, "", 0),
        KeyFigure("timestamp embedding", sizes.timestamp if sizes else None, "", 0),
        KeyFigure("hop", _figure(report, "hop", "T09"), "ms", 4),
        KeyFigure("centring error", _figure(report, "centre of the change", "T11"), "ms"),
        KeyFigure("worst batch error", _figure(report, "relative error", *_IN_BATCH), "", 2),
        KeyFigure("time of the run", report.seconds, "s"),
        KeyFigure("peak memory", _memory_mb(report), "MB", 0),
    )


def _first(report: Report, kind: type[Evidence]) -> Evidence | None:
    """What a check kept of this kind."""
    for result in report.results:
        if result.verdict and isinstance(result.verdict.evidence, kind):
            return result.verdict.evidence
    return None


def _figure(report: Report, name: str, *ids: str) -> float | None:
    """The largest figure of this name that these checks measured."""
    found = [
        figure.value
        for r in report.results
        if r.check.id in ids and r.verdict
        for figure in r.verdict.figures
        if figure.name == name
    ]
    return max(found, key=abs, default=None)


def _memory_mb(report: Report) -> float | None:
    most = max((r.peak_bytes or 0 for r in report.results), default=0)
    return most / 1e6 if most else None
