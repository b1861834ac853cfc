"""What becomes of a verdict, and what a report makes of its results."""

from dataclasses import replace

import pytest

from validator.catalogue import Severity, conforms, inconclusive, violates
from validator.report import Report, Result, Status, status_of

from .render.conftest import fake_check, make_report

VIOLATION = violates("seen", expected="something else")


@pytest.mark.parametrize(
    ("verdict", "severity", "expected", "strict", "status"),
    [
        (conforms(), Severity.ERROR, False, False, Status.PASSED),
        (conforms(), Severity.ERROR, True, False, Status.UNEXPECTED_PASS),
        (conforms(), Severity.WARNING, True, False, Status.UNEXPECTED_PASS),
        (VIOLATION, Severity.ERROR, False, False, Status.FAILED),
        (VIOLATION, Severity.ERROR, True, False, Status.EXPECTED),
        (VIOLATION, Severity.WARNING, False, False, Status.WARNED),
        (VIOLATION, Severity.WARNING, False, True, Status.FAILED),
        (VIOLATION, Severity.WARNING, True, True, Status.EXPECTED),
        (inconclusive("why"), Severity.ERROR, False, True, Status.INCONCLUSIVE),
        (inconclusive("why"), Severity.ERROR, True, True, Status.INCONCLUSIVE),
    ],
)
def test_the_status_of_a_verdict(
    verdict: object, severity: Severity, expected: bool, strict: bool, status: Status
) -> None:
    check = fake_check("X01", severity)
    assert status_of(check, verdict, expected=expected, strict=strict) is status  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statuses", "conforms", "exit_status"),
    [
        ([Status.PASSED], True, 0),
        ([Status.PASSED, Status.WARNED, Status.EXPECTED, Status.INCONCLUSIVE], True, 0),
        ([Status.PASSED, Status.FAILED], False, 1),
        ([Status.PASSED, Status.UNEXPECTED_PASS], False, 1),
        ([Status.PASSED, Status.BROKEN], False, 2),
        ([Status.SKIPPED], False, 1),
        ([Status.INCONCLUSIVE], False, 1),
        ([], False, 1),
    ],
)
def test_what_is_green(statuses: list[Status], conforms: bool, exit_status: int) -> None:
    report = make_report(*statuses)
    assert (report.conforms, report.exit_status) == (conforms, exit_status)


def test_checks_that_look_at_no_embeddings_make_no_run_green() -> None:
    check = replace(fake_check("X01"), behavioural=False)
    report = replace(make_report(), results=(Result(check, Status.PASSED, conforms()),))
    assert not report.conforms


def test_a_module_that_does_not_exist_could_not_be_run() -> None:
    assert replace(make_report(Status.PASSED), not_found="there is no module").exit_status == 2


def test_every_status_is_counted(report: Report) -> None:
    assert report.counts() == dict.fromkeys(Status, 1)
    assert report.errors == 3


def test_only_a_finding_is_to_be_fixed() -> None:
    check = fake_check("X01")
    hinted = violates("seen", expected="x", hint="The likely cause.")
    assert Result(check, Status.FAILED, hinted).fix == "The likely cause. fix of X01"
    assert Result(check, Status.FAILED, VIOLATION).fix == "fix of X01"
    assert Result(check, Status.PASSED, conforms()).fix == ""
    assert Result(check, Status.SKIPPED).fix == ""


@pytest.fixture
def report() -> Report:
    return make_report(*Status)
