"""A report with every status in it."""

from pathlib import Path

import pytest

from validator.catalogue import Check, Family, Figure, Severity, conforms, inconclusive, violates
from validator.report import Report, Result, Skipped, Status

HOSTILE = 'say <b>"hi"</b> & \x1b[31mred\x1b[0m ]]> [bold]no[/bold] \u2028 ::error::x'


def fake_check(id_: str, severity: Severity = Severity.ERROR) -> Check:
    def run(_: object) -> None:
        """Never called."""

    return Check(
        Family(id_[0], f"Family {id_[0]}"),
        id_,
        f"title of {id_}",
        severity,
        "load_model",
        (),
        f"reason of {id_}",
        f"fix of {id_}",
        run,  # type: ignore[arg-type]
    )


def make_report(*statuses: Status, profile: str = "participant") -> Report:
    """A report with one result for each status."""
    results = []
    for n, status in enumerate(statuses, 1):
        warning = status is Status.WARNED
        check = fake_check(f"X{n:02}", Severity.WARNING if warning else Severity.ERROR)
        figure = Figure("deviation", float("inf") if n == 2 else 2.5, "ms", 1.0)
        verdict = {
            Status.PASSED: conforms("all well", figure),
            Status.UNEXPECTED_PASS: conforms("all well", figure),
            Status.INCONCLUSIVE: inconclusive("could not tell"),
            Status.SKIPPED: None,
            Status.BROKEN: None,
        }.get(
            status,
            violates(HOSTILE, figure, expected="something else"),
        )
        note = {
            Status.EXPECTED: "known, issue 7",
            Status.UNEXPECTED_PASS: "known, issue 8",
            Status.BROKEN: "the check itself failed\nTraceback",
        }.get(status, "")
        snippet = "import x\nx.y()" if verdict and verdict.violates else ""
        skipped = Skipped("which found a defect", fake_check("X01"))
        results.append(
            Result(
                check,
                status,
                verdict,
                note=note,
                skipped=skipped if status is Status.SKIPPED else None,
                seconds=0.25,
                snippet=snippet,
            )
        )
    return Report(
        module="my_model",
        weights="weights.pt",
        device="cpu",
        profile=profile,
        seed=3,
        environment={"validator": "1.2", "python": "3.11"},
        results=tuple(results),
        seconds=1.5,
        file=str(Path.cwd() / "my_model.py"),
    )


@pytest.fixture
def report() -> Report:
    """One result of every status."""
    return make_report(*Status)
