"""The report on a console."""

from dataclasses import replace

import pytest

from validator.catalogue import inconclusive
from validator.render import console
from validator.report import Report, Result, Status

from .conftest import fake_check, make_report


def test_every_check_has_a_row_and_every_finding_its_fix(report: Report) -> None:
    text = console.render(report)
    for result in report.results:
        assert f"\n{result.check.id} " in text
        assert result.check.title in text
    for words in ("something else", "fix of X02", "reason of X02", "import x", "deviation inf ms"):
        assert words in text
    assert "known, issue 7" in text
    assert "remove it from the expected failures" in " ".join(text.split())


def test_the_last_line_counts_and_says_why_checks_were_skipped(report: Report) -> None:
    last = console.render(report).splitlines()[-1]
    assert last.startswith("my_model does not conform: 7 checks ran in 1.5 s on cpu: 1 passed, ")
    for words in ("1 failed,", "1 warned", "1 skipped", "1 inconclusive", "1 failed as expected"):
        assert words in last
    assert "Skipped: needs X01, which found a defect (1)." in last


def test_a_submission_cannot_colour_or_forge_the_report(report: Report) -> None:
    text = console.render(report, debug=True)
    assert "\x1b" not in text
    assert "\u2028" not in text
    assert "[bold]no[/bold]" in text
    assert not any(line.startswith("::") for line in text.splitlines())


def test_quiet_leaves_the_table_out() -> None:
    text = console.render(make_report(Status.PASSED), quiet=True)
    assert text.splitlines() == [
        "my_model conforms: 1 check ran in 1.5 s on cpu: 1 passed, 0 warned, 0 failed, 0 skipped."
    ]


def test_a_run_without_behavioural_checks_is_not_green() -> None:
    report = make_report(Status.SKIPPED)
    assert not report.conforms
    assert "nothing is known of them" in console.summary(report)


@pytest.mark.parametrize("profile", ["participant", "organiser"])
def test_the_organisers_profile_is_stated(profile: str) -> None:
    said = "Organiser's profile" in console.summary(make_report(Status.PASSED, profile=profile))
    assert said == (profile == "organiser")


@pytest.mark.parametrize("columns", [80, 120])
def test_lines_keep_to_the_width_but_for_what_is_copied_and_the_last(
    report: Report, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = console.render(report).splitlines()
    assert max(map(len, lines[:-1])) <= columns
    assert all(line == line.rstrip() for line in lines)
    assert "import x" in lines


def test_a_long_reason_that_many_checks_share_is_told_once() -> None:
    why = "the simulation cannot follow " + "a long way " * 20 + "to the end"
    report = make_report(Status.PASSED)
    undecided = tuple(
        Result(fake_check(id_), Status.INCONCLUSIVE, inconclusive(why)) for id_ in ("Y01", "Y02")
    )
    text = console.render(replace(report, results=report.results + undecided))
    assert "? Y01, Y02 could not tell" in text
    assert text.count("to the end") == 1


def test_a_terminal_gets_colour(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("validator.render.console._is_terminal", lambda _: True)
    assert "\x1b[1;31mFAIL" in console.render(report)
