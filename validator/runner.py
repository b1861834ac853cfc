"""Runs the checks of a catalogue in order, and turns what they find into results."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence

from hearkit.errors import Fault, OutOfTimeError, UsageError

from .asking.session import Session
from .asking.snippets import program
from .blame import HINTS, blamed
from .catalogue import Check, Spares, Verdict, violates
from .options import Options
from .report import Result, Skipped, Status, status_of
from .selection import UnknownIdError, in_order_of_need, matching, with_requirements

_BLOCKING = {Status.FAILED, Status.EXPECTED, Status.SKIPPED, Status.BROKEN}
"""What a required check must not have become. Inconclusive is no evidence of a defect."""

_IN_TIME = "a run that ends in the time that it has"


class Runner:
    """Runs checks against one session; the same for the command, the API and pytest.

    Args:
        catalogue: All checks.
        session: The submission.
        options: What to run and how to judge.
    """

    def __init__(self, catalogue: Sequence[Check], session: Session, options: Options) -> None:
        self._catalogue = catalogue
        self._session = session
        self._options = options
        self._left_out = _left_out(catalogue, options)
        self._results: dict[Check, Result] = {}
        self._late: Check | None = None
        self._waiting = [c for c in catalogue if c.ahead is not None and c not in self._left_out]
        known = {c.id for c in catalogue}
        unknown = sorted(set(options.expected) - known)
        if unknown:
            raise UsageError(
                f"expected failures name {', '.join(unknown)}, which no check is called; "
                "--list prints them all"
            )

    def run(self, seen: Callable[[Result], None] = lambda _: None) -> tuple[Result, ...]:
        """Run everything that is wanted, in an order in which what is required comes first.

        Args:
            seen: Called with each result as it comes.

        Returns:
            A result for every check, in the catalogue's order.
        """
        for check in in_order_of_need(self._catalogue):
            seen(self.result(check))
            self._begin_ahead()
        return tuple(self._results[check] for check in self._catalogue)

    def _begin_ahead(self) -> None:
        """Let checks begin what a worker of their own answers meanwhile."""
        for check in [one for one in self._waiting if self._can_begin(one)]:
            self._waiting.remove(check)
            if check.ahead is not None and check not in self._results:
                check.ahead(self._session)

    def _can_begin(self, check: Check) -> bool:
        done = (self._results.get(required) for required in check.requires)
        return all(one is not None and one.status is Status.PASSED for one in done)

    def result(self, check: Check) -> Result:
        """The result of one check, and of what it requires; each runs once."""
        if check not in self._results:
            self._results[check] = self._result(check)
        return self._results[check]

    def _result(self, check: Check) -> Result:
        skipped = self._skipped(check)
        if skipped is not None:
            return Result(check, Status.SKIPPED, skipped=skipped)
        cause = self._cause_of_trying(check)
        self._session.peak_bytes = 0
        begin = time.perf_counter()
        try:
            verdict = check.run(self._session)
        except Fault as fault:
            if cause is not None:
                return Result(check, Status.SKIPPED, skipped=cause)
            verdict = blamed(fault)
        except OutOfTimeError as error:
            # Whatever the check would only warn of: a run that did not end is not green.
            self._late = check
            verdict = violates(str(error), expected=_IN_TIME, hint=HINTS["timeout"])
            seconds = time.perf_counter() - begin
            return Result(check, Status.FAILED, verdict, seconds=seconds)
        except Exception:
            note = "the check itself failed, which is our fault: " + traceback.format_exc(limit=-3)
            return Result(check, Status.BROKEN, note=note, seconds=time.perf_counter() - begin)
        reason = self._options.expected.get(check.id, "")
        status = status_of(check, verdict, expected=bool(reason), strict=self._options.strict)
        seconds = time.perf_counter() - begin
        return Result(
            check,
            status,
            verdict,
            note=reason,
            seconds=seconds,
            peak_bytes=self._session.peak_bytes or None,
            snippet=self._program(verdict),
        )

    def _skipped(self, check: Check) -> Skipped | None:
        """Why a check does not run; None where it does."""
        if check in self._left_out:
            return self._left_out[check]
        if self._late is not None:
            return Skipped(f"the time for the whole run was used up in {self._late.id}")
        for required in check.requires:
            before = self.result(required)
            if before.status in _BLOCKING and not self._is_spared(check, before):
                return _because_of(before)
        return None

    def _is_spared(self, check: Check, before: Result) -> bool:
        """Whether a check can measure in spite of what another one found, or is skipped for."""
        cause = self._cause(before)
        spares = cause.verdict.spares if cause.verdict is not None else Spares.NOTHING
        return (
            spares is Spares.EVERYTHING
            or (spares is Spares.SINGLE and check.single)
            or (spares is Spares.WORKING and check.id[0] != cause.check.id[0])
        )

    def _cause(self, before: Result) -> Result:
        """The result that a skipped one is skipped for; the result itself if it is not."""
        if before.skipped is not None and before.skipped.by is not None:
            return self.result(before.skipped.by)
        return before

    def _cause_of_trying(self, check: Check) -> Skipped | None:
        """Why a check that runs may meet a sound that does not work; None if all do."""
        needed = with_requirements(check.requires)
        for before in (self.result(one) for one in self._catalogue if one in needed):
            found = before.verdict if before.status in (Status.FAILED, Status.EXPECTED) else None
            if found is not None and found.spares is Spares.WORKING:
                return _because_of(before)
        return None

    def _program(self, verdict: Verdict) -> str:
        """The program that reproduces a finding, made only where there is one."""
        if verdict.reproduction is None:
            return ""
        session = self._session
        return program(
            verdict.reproduction, session.submission, session.arguments(), session.known_framework()
        )


def _because_of(before: Result) -> Skipped:
    """Why a check is skipped that needs this one: the first cause, not the chain to it."""
    if before.skipped is not None:
        return before.skipped if before.skipped.by else Skipped(str(before.skipped), before.check)
    became = "could not be run" if before.status is Status.BROKEN else "found a defect"
    return Skipped(f"which {became}", before.check)


def _left_out(catalogue: Sequence[Check], options: Options) -> dict[Check, Skipped]:
    """The checks that the options leave out."""
    try:
        wanted = (
            with_requirements(matching(catalogue, options.select))
            if options.select
            else set(catalogue)
        )
        skipped = matching(catalogue, options.skip)
    except UnknownIdError as error:
        raise UsageError(str(error)) from None
    left_out = {}
    for check in catalogue:
        if check in skipped:
            left_out[check] = Skipped("left out by --skip")
        elif check not in wanted:
            left_out[check] = Skipped("left out by --select")
        elif check.long and not options.runs_long:
            left_out[check] = Skipped("takes minutes: --long includes it")
    return left_out
