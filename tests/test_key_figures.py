"""The numbers by which submissions are told apart."""

import json
import math
from dataclasses import replace

import pytest

from validator import Figure, Result, Status
from validator.catalogue import conforms
from validator.checks.model.attributes import EmbeddingSizes, SampleRate
from validator.key_figures import KeyFigure, key_figures

from .render.conftest import fake_check, make_report


def result(id_: str, *figures: Figure, peak: int | None = None, evidence: object = None) -> Result:
    verdict = conforms("", *figures, evidence=evidence)
    return Result(fake_check(id_), Status.PASSED, verdict, peak_bytes=peak)


def test_they_are_gathered_from_what_checks_measured() -> None:
    results = (
        result("M01", evidence=SampleRate(44100), peak=500_000_000),
        result("M02", evidence=EmbeddingSizes(8, 16)),
        result("T09", Figure("hop", 50.0, "ms", 50.0)),
        result("R03", Figure("relative error", 1e-6), peak=700_000_000),
        result("R05", Figure("relative error", 3e-6)),
        result("R01", Figure("relative error", 1.0)),
        result("T11", Figure("centre of the change", -12.345, "ms from the burst")),
    )
    report = replace(make_report(), results=results, seconds=12.34)
    assert [str(figure) for figure in key_figures(report)] == [
        "44100 Hz", "8", "16", "50 ms", "-12.3 ms", "3e-06", "12.3 s", "700 MB",
    ]  # fmt: skip


def test_what_was_not_measured_is_a_dash_under_the_same_name() -> None:
    measured, empty = key_figures(make_report(Status.PASSED)), key_figures(make_report())
    assert [f.name for f in measured] == [f.name for f in empty]
    assert [str(f) for f in empty].count("-") == 7


@pytest.mark.parametrize(
    ("value", "text"), [(2.3e-13, "0 ms"), (-3e-9, "0 ms"), (1e-3, "0.001 ms")]
)
def test_rounding_errors_of_a_measurement_are_zero(value: float, text: str) -> None:
    assert str(KeyFigure("centring error", value, "ms")) == text


@pytest.mark.parametrize("value", [math.inf, math.nan, None, 1.0])
def test_json_can_hold_them(value: float | None) -> None:
    json.dumps(KeyFigure("worst batch error", value).to_dict(), allow_nan=False)
