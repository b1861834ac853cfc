"""How checks become results, with tiny checks and a connection in memory."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hearkit.api.requests import Request
from hearkit.api.submission import Reply, Submission
from hearkit.errors import Fault
from validator import Check, Options, Report, Result, Severity, Status, UsageError, Verdict
from validator.asking.answers import CallFault
from validator.asking.session import Session
from validator.asking.snippets import Reproduction
from validator.catalogue import Spares, conforms, inconclusive, violates
from validator.catalogue import check as declare
from validator.runner import Runner

from .fakes import Fake


def made(
    id_: str,
    run: Callable[[Session], Verdict],
    *requires: Check,
    severity: Severity = Severity.ERROR,
    behavioural: bool = True,
    long: bool = False,
) -> Check:
    return declare(
        id_,
        f"title of {id_}",
        severity=severity,
        section="load_model",
        requires=requires,
        fix="Fix it.",
        behavioural=behavioural,
        long=long,
    )(run)


def good(_: Session) -> Verdict:
    """Holds."""
    return conforms("fine")


def bad(_: Session) -> Verdict:
    """Does not hold."""
    return violates("seen", expected="expected")


def unsure(_: Session) -> Verdict:
    """Cannot tell."""
    return inconclusive("no way to tell")


def asking(session: Session) -> Verdict:
    """Asks the submission."""
    session.imported()
    return conforms()


def broken(_: Session) -> Verdict:
    """Has a mistake of its own."""
    raise ZeroDivisionError("ours")


FIRST = made("A01", good, behavioural=False)
SECOND = made("A02", good, FIRST)
THIRD = made("B01", good, SECOND)
CHAIN = (FIRST, SECOND, THIRD)


def results(*checks: Check, fault: Fault | None = None, **options: Any) -> dict[str, Result]:
    session = Session(Submission("module"), lambda _: Fake(fault=fault))
    found = Runner(checks, session, Options(**options)).run()
    assert [r.check for r in found] == list(checks)
    return {r.check.id: r for r in found}


def statuses(*checks: Check, fault: Fault | None = None, **options: Any) -> dict[str, Status]:
    return {id_: r.status for id_, r in results(*checks, fault=fault, **options).items()}


def report(*checks: Check, **options: Any) -> Report:
    found = tuple(results(*checks, **options).values())
    return Report("module", "", "cpu", "participant", 0, {}, found)


def test_everything_runs_in_order_and_passes() -> None:
    assert set(statuses(*CHAIN).values()) == {Status.PASSED}
    assert report(*CHAIN).exit_status == 0


def test_a_violation_fails_and_what_needs_it_is_skipped_with_the_reason() -> None:
    failing = made("A01", bad)
    second = made("A02", good, failing)
    third = made("B01", good, second)
    found = results(failing, second, third)
    assert found["A01"].status is Status.FAILED
    assert found["A02"].status is Status.SKIPPED
    assert found["A02"].why == "needs A01, which found a defect"
    assert found["B01"].why == "needs A01, which found a defect"
    assert report(failing, second, third).exit_status == 1


def sparing(spares: Spares) -> Check:
    """A check that finds a defect."""

    def spare(_: Session) -> Verdict:
        """Does not hold."""
        return violates("seen", expected="expected", spares=spares)

    return made("A01", spare)


def failing_call(_: Session) -> Verdict:
    """Gets no answer."""
    raise Fault("exception", "raised ValueError", "get_scene_embeddings()")


@pytest.mark.parametrize(
    ("spares", "ran"),
    [
        (Spares.NOTHING, ""),
        (Spares.SINGLE, "B02"),
        (Spares.WORKING, "B01 B02 C01"),
        (Spares.EVERYTHING, "A02 B01 B02 C01"),
    ],
)
def test_what_can_measure_in_spite_of_a_defect_runs(spares: Spares, ran: str) -> None:
    first = sparing(spares)
    second = made("A02", good, first)
    third, fourth = made("B01", good, second), replace(made("B02", good, second), single=True)
    found = statuses(first, second, third, fourth, made("C01", good, third))
    assert " ".join(id_ for id_, status in found.items() if status is Status.PASSED) == ran


def test_what_meets_sounds_that_are_known_not_to_work_is_skipped_for_these() -> None:
    first, other = sparing(Spares.WORKING), made("A02", good)
    found = results(
        first, other, made("B01", failing_call, other), made("B02", failing_call, first)
    )
    assert found["B01"].status is Status.FAILED
    assert found["B02"].status is Status.SKIPPED
    assert found["B02"].why == "needs A01, which found a defect"


def test_what_can_begin_ahead_begins_as_soon_as_what_it_requires_has_passed() -> None:
    order: list[str] = []

    def noting(word: str) -> Callable[[Session], Verdict]:
        def run(_: Session) -> Verdict:
            """Holds."""
            order.append(word)
            return conforms()

        return run

    first, other = made("A01", noting("first")), made("B01", noting("other"))
    last = replace(made("C01", noting("last"), first), ahead=lambda _: order.append("begun"))
    results(first, other, last)
    assert order == ["first", "begun", "other", "last"]
    order.clear()
    results(first, other, last, skip=("C01",))
    assert order == ["first", "other"]
    failing = made("A01", bad)
    results(failing, replace(made("C01", good, failing), ahead=lambda _: order.append("begun")))
    assert order == ["first", "other"]


def test_a_warning_does_not_fail_and_does_not_stop_what_needs_it() -> None:
    warning = made("A01", bad, severity=Severity.WARNING)
    assert statuses(warning, made("A02", good, warning)) == {
        "A01": Status.WARNED,
        "A02": Status.PASSED,
    }


def test_strict_makes_a_warning_a_failure() -> None:
    warning = made("A01", bad, severity=Severity.WARNING)
    assert statuses(warning, SECOND, strict=True)["A01"] is Status.FAILED


def test_what_cannot_be_told_is_no_failure_and_stops_nothing() -> None:
    open_ = made("A01", unsure)
    assert statuses(open_, made("A02", good, open_)) == {
        "A01": Status.INCONCLUSIVE,
        "A02": Status.PASSED,
    }


def test_select_brings_what_is_needed_and_leaves_out_the_rest() -> None:
    other = made("C01", good)
    found = results(*CHAIN, other, select=("A02",))
    assert found["A01"].status is found["A02"].status is Status.PASSED
    assert found["B01"].status is found["C01"].status is Status.SKIPPED
    assert found["C01"].why == "left out by --select"


def test_skip_leaves_out_a_check_and_says_so_to_what_needs_it() -> None:
    found = results(*CHAIN, skip=("A02",))
    assert found["A02"].why == "left out by --skip"
    assert found["B01"].status is Status.SKIPPED
    assert "--skip" in found["B01"].why


def test_what_takes_minutes_runs_only_when_asked_for() -> None:
    long = made("L07", good, long=True)
    assert results(long)["L07"].why == "takes minutes: --long includes it"
    assert statuses(long, long=True)["L07"] is Status.PASSED
    assert statuses(long, profile="organiser")["L07"] is Status.PASSED


def test_an_expected_failure_is_accepted_with_its_reason() -> None:
    failing = made("A01", bad)
    found = results(failing, made("A02", good), expected={"A01": "known, issue 7"})
    assert found["A01"].status is Status.EXPECTED
    assert found["A01"].why == "known, issue 7"
    assert report(failing, made("A02", good), expected={"A01": "known"}).exit_status == 0


def test_what_needs_an_expected_failure_is_skipped() -> None:
    failing = made("A01", bad)
    assert statuses(failing, made("A02", good, failing), expected={"A01": "known"}) == {
        "A01": Status.EXPECTED,
        "A02": Status.SKIPPED,
    }


def test_an_expected_failure_that_passes_turns_red() -> None:
    assert statuses(*CHAIN, expected={"B01": "known"})["B01"] is Status.UNEXPECTED_PASS
    assert report(*CHAIN, expected={"B01": "known"}).exit_status == 1


def test_an_expected_warning_is_accepted_under_strict_too() -> None:
    warning = made("A01", bad, severity=Severity.WARNING)
    assert statuses(warning, strict=True, expected={"A01": "known"})["A01"] is Status.EXPECTED


def test_an_expected_failure_that_cannot_be_told_stays_open() -> None:
    assert statuses(made("A01", unsure), expected={"A01": "known"})["A01"] is Status.INCONCLUSIVE


@pytest.mark.parametrize(
    "options", [{"select": ("Z",)}, {"skip": ("Z99",)}, {"expected": {"Z99": "known"}}]
)
def test_ids_that_match_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="Z"):
        results(*CHAIN, **options)


def test_a_fault_of_the_submission_is_a_finding_of_the_check_that_asked() -> None:
    reproduction = Reproduction(("print('hangs')",), loads=False)
    fault = CallFault(Fault("timeout", "did not answer", "import module"), reproduction)
    found = results(made("A01", asking), made("A02", good), fault=fault)
    assert found["A01"].status is Status.FAILED
    verdict = found["A01"].verdict
    assert verdict is not None
    assert verdict.seen == "import module: did not answer"
    assert found["A01"].snippet == "import module as submission\nprint('hangs')"
    assert "--timeout" in verdict.hint
    assert found["A02"].status is Status.PASSED


def test_a_mistake_of_ours_is_never_blamed_on_the_submission() -> None:
    own = made("A01", broken)
    found = results(own, made("A02", good, own), made("A03", good))
    assert found["A01"].status is Status.BROKEN
    assert "our fault" in found["A01"].why
    assert "ZeroDivisionError" in found["A01"].why
    assert found["A02"].why == "needs A01, which could not be run"
    assert found["A03"].status is Status.PASSED
    assert report(own, made("A03", good)).exit_status == 2


def test_a_run_without_a_behavioural_check_is_not_green() -> None:
    assert report(FIRST).exit_status == 1
    assert report(*CHAIN, skip=("A02",)).exit_status == 1
    assert report(FIRST, made("B01", unsure)).exit_status == 1
    assert report(FIRST, made("B01", good)).exit_status == 0


def test_each_check_runs_once_and_each_question_is_asked_once() -> None:
    connection = Fake()
    session = Session(Submission("module"), lambda _: connection)
    one, two = made("A01", asking), made("A02", asking)
    runner = Runner((one, two), session, Options())
    assert runner.result(two) is runner.result(two)
    runner.run()
    assert connection.steps == ["import module"]


def test_a_check_has_the_peak_memory_of_what_it_asked_and_none_where_it_asked_nothing() -> None:
    peaks = {"import a": 300, "load_model()": 200}

    class Growing(Fake):
        def ask(self, request: Request[Any], *, step: str, **more: Any) -> Reply[Any]:
            return replace(super().ask(request, step=step, **more), peak_bytes=peaks[step])

    def other(session: Session) -> Verdict:
        """Loads a model."""
        session.loaded()
        return conforms()

    checks = (made("A01", asking), made("A02", other), made("A03", asking))
    session = Session(Submission("a"), lambda _: Growing())
    found = Runner(checks, session, Options()).run()
    assert [r.peak_bytes for r in found] == [300, 200, None]
    assert [r.to_dict()["peak_bytes"] for r in found] == [300, 200, None]


def test_results_come_one_by_one() -> None:
    seen: list[str] = []
    session = Session(Submission("module"), lambda _: Fake())
    Runner(CHAIN, session, Options()).run(lambda result: seen.append(result.check.id))
    assert seen == ["A01", "A02", "B01"]
