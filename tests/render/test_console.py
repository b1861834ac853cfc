"""The report on a console."""

import pytest

from validator.render import console
from validator.report import Report, Status

from .conftest import make_report


def test_every_check_has_a_row_and_every_finding_its_mend(report: Report) -> None:
    text = console.render(report)
    for result in report.results:
        assert f"{result.check.id} " in text
        assert result.check.title in text
    for words in ("something else", "mend of X02", "reason of X02", "import x", "deviation inf ms"):
        assert words in text
    assert "known, issue 7" in text
    assert "remove it from the expected failures" in text


def test_the_last_line_counts_and_says_why_checks_were_skipped(report: Report) -> None:
    last = console.render(report).splitlines()[-1]
    assert last.startswith("my_model does not conform: 7 checks ran in 1.5 s on cpu: 1 passed, ")
    for words in ("1 failed", "1 warned", "1 skipped", "1 inconclusive", "1 expected"):
        assert words in last
    assert "Skipped: needs X01, which found a defect." in last


def test_a_submission_cannot_colour_or_forge_the_report(report: Report) -> None:
    text = console.render(report, debug=True)
    assert "\x1b" not in text
    assert "\u2028" not in text
    assert "[bold]no[/bold]" in text
    assert not any(line.startswith("::") for line in text.splitlines())


def test_quiet_leaves_the_table_out() -> None:
    text = console.render(make_report(Status.PASSED), quiet=True)
    assert text.splitlines() == [
        "my_model conforms: 1 checks ran in 1.5 s on cpu: 1 passed, 0 failed, 0 warned, 0 skipped."
    ]


def test_a_run_without_behavioural_checks_is_not_green() -> None:
    report = make_report(Status.SKIPPED)
    assert not report.conforms
    assert "nothing is known of them" in console.summary(report)


@pytest.mark.parametrize("profile", ["participant", "organiser"])
def test_the_organisers_profile_is_stated(profile: str) -> None:
    said = "every check included" in console.summary(make_report(Status.PASSED, profile=profile))
    assert said == (profile == "organiser")
