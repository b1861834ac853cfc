"""Prints, at the end of a test run, which mutants the validator caught."""

import pytest

PROPERTY = "mutant"
"""Name of the test property that carries one row: expected id, mutant, ids found, outcome."""

CAUGHT, MISSED, FALSE_ALARM, SOUND = "caught", "MISSED", "FALSE ALARM", "sound"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = [
        row
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, row in report.user_properties
        if name == PROPERTY
    ]
    if not rows:
        return
    terminalreporter.section("mutation table")
    terminalreporter.write_line(f"{'id':<5}{'submission':<44}{'found':<18}outcome")
    for expected, module, found, outcome in sorted(rows):
        terminalreporter.write_line(f"{expected:<5}{module:<44}{found:<18}{outcome}")
    outcomes = [outcome for *_, outcome in rows]
    terminalreporter.write_line(
        f"caught {outcomes.count(CAUGHT)} / missed {outcomes.count(MISSED)} / "
        f"false alarms {outcomes.count(FALSE_ALARM)} (on {len(rows)} submissions)"
    )
