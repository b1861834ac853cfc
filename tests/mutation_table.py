"""Prints, at the end of a test run, which mutants the validator caught."""

import pytest

PROPERTY = "mutant"
"""Name of the test property that carries one row: expected id, submission, ids found, outcome."""

CAUGHT, MISSED, FALSE_ALARM, SOUND = "caught", "MISSED", "FALSE ALARM", "sound"


def outcome(expected: set[str], found: set[str]) -> str:
    """What a run on one submission shows, given the ids that it should find."""
    words = []
    if expected:
        words.append(CAUGHT if expected <= found else MISSED)
    if found - expected:
        words.append(FALSE_ALARM)
    return ", ".join(words) or SOUND


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
    for id_, module, found, seen in [("id", "submission", "found", "outcome"), *sorted(rows)]:
        terminalreporter.write_line(f"{id_:<5}{module:<44}{found:<14}{seen}")
    caught, missed, false_alarms = (
        sum(word in row[3] for row in rows) for word in (CAUGHT, MISSED, FALSE_ALARM)
    )
    terminalreporter.write_line(
        f"caught {caught} / missed {missed} / false alarms {false_alarms} "
        f"on {len(rows)} submissions"
    )
