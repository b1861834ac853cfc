"""Several submissions validated one after another, and put side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hearkit.errors import UsageError

from .api import run
from .catalogue import Check
from .key_figures import KeyFigure, key_figures
from .options import Options
from .report import Report, Result

SCHEMA_VERSION = 2
"""Of `Comparison.to_dict`; grows with that of the reports in it."""


@dataclass(frozen=True)
class Entry:
    """One submission as it was given: a module, or `module=weights`.

    Attributes:
        name: As it was given.
        module: The module's name.
        weights: The weights' path, or "".
    """

    name: str
    module: str
    weights: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one submission.

    Attributes:
        entry: The submission.
        report: The report; None where the run could not begin.
        problem: Why it could not, or "".
    """

    entry: Entry
    report: Report | None
    problem: str = ""


@dataclass(frozen=True)
class Comparison:
    """Several runs, in the order in which the submissions were given."""

    outcomes: tuple[Outcome, ...]

    @property
    def reports(self) -> tuple[Report, ...]:
        """The runs that could begin."""
        return tuple(o.report for o in self.outcomes if o.report is not None)

    def rows(self) -> list[tuple[Check, tuple[Result | None, ...]]]:
        """Every check with its result for each submission; None where it was not run."""
        if not self.reports:
            return []
        results = [
            {r.check: r for r in o.report.results} if o.report else {} for o in self.outcomes
        ]
        return [
            (one.check, tuple(found.get(one.check) for found in results))
            for one in self.reports[0].results
        ]

    def figures(self) -> list[tuple[str, tuple[KeyFigure | None, ...]]]:
        """The key figures by name, for each submission."""
        if not self.reports:
            return []
        columns = [key_figures(o.report) if o.report else None for o in self.outcomes]
        names = [figure.name for figure in key_figures(self.reports[0])]
        return [
            (name, tuple(column[n] if column else None for column in columns))
            for n, name in enumerate(names)
        ]

    @property
    def exit_status(self) -> int:
        """0 all conform, 1 some do not, 2 some could not be run."""
        return max((o.report.exit_status if o.report else 2 for o in self.outcomes), default=2)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; each report follows `validator/report.schema.json`."""
        return {
            "schema_version": SCHEMA_VERSION,
            "exit_status": self.exit_status,
            "submissions": [
                {
                    "name": o.entry.name,
                    "problem": o.problem,
                    "key_figures": [f.to_dict() for f in key_figures(o.report)] if o.report else [],
                    "report": o.report.to_dict() if o.report else None,
                }
                for o in self.outcomes
            ],
        }


def differ(results: Sequence[Result | None]) -> bool:
    """Whether a check came out otherwise for some submission that could be run."""
    return len({r.status for r in results if r is not None}) > 1


def entries(names: Sequence[str]) -> list[Entry]:
    """What to compare: each a module's name, or `module=weights`.

    Args:
        names: As they were given.

    Raises:
        UsageError: If there are fewer than two, one stands there twice, or one is ambiguous.
    """
    if len(names) < 2:
        raise UsageError("--compare needs two modules or more: hear-validate one two --compare")
    found = []
    for name in names:
        # A module's name has no equals sign; a path may have one.
        module, equals, weights = name.partition("=")
        if not module or (equals and not weights):
            raise UsageError(f"{name!r}: write module=weights, for example my_module=weights.pt")
        if ":" in module:
            raise UsageError(
                f"{name}: write the weights after an equals sign: {module.replace(':', '=', 1)}"
            )
        if not equals and Path(name).is_file():
            raise UsageError(
                f"{name}: with --compare every argument is a module; "
                f"write my_module={name} for one with weights"
            )
        found.append(Entry(name, module, weights))
    for entry in found:
        if names.count(entry.name) > 1:
            raise UsageError(f"{entry.name}: is given twice; its columns would be the same")
    return found


def compare(
    wanted: Sequence[Entry],
    device: str,
    options: Options,
    seen: Callable[[Result], None] = lambda _: None,
) -> Comparison:
    """Validate one submission after another; one that cannot be run does not stop the others.

    Args:
        wanted: The submissions.
        device: `cpu`, `cuda`, `cuda:1` or `auto`.
        options: The same for all.
        seen: Called with each result as it comes.

    Raises:
        UsageError: If the same keeps all of them from being run, such as an unknown id.
    """
    outcomes = []
    for entry in wanted:
        try:
            report = run(entry.module, entry.weights, device, options, seen)
            problem = report.not_found
        except UsageError as error:
            report, problem = None, str(error)
        outcomes.append(Outcome(entry, None if problem else report, problem))
    problems = {outcome.problem for outcome in outcomes}
    if len(problems) == 1 and "" not in problems:
        raise UsageError(problems.pop())
    return Comparison(tuple(outcomes))
