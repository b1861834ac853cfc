"""Checks, their verdicts, and the catalogue of all checks."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from inspect import cleandoc
from typing import TYPE_CHECKING, Protocol

from hearkit.errors import HearError

from .asking.snippets import Reproduction

if TYPE_CHECKING:
    from .asking.session import Session

RETIRED_IDS: frozenset[str] = frozenset()
"""Ids that once named a check. Ids are for life: these are never used again."""


class Severity(str, Enum):
    """How serious a violation is: an error fails the run, a warning only with `--strict`.

    Examples:
        >>> from validator import Severity
        >>> [severity.value for severity in Severity]
        ['error', 'warning']
    """

    ERROR = "error"
    WARNING = "warning"


class Kind(str, Enum):
    """The three verdicts that a check can reach.

    Examples:
        >>> from validator import Kind
        >>> [kind.value for kind in Kind]
        ['conforms', 'violates', 'inconclusive']
    """

    CONFORMS = "conforms"
    VIOLATES = "violates"
    INCONCLUSIVE = "inconclusive"


class Spares(str, Enum):
    """Which checks can go on although one that they need has found a defect.

    `WORKING` is for sounds of some kind that get no embeddings: checks of other families are
    tried, and those that meet such a sound are skipped as the others of the family are.

    Examples:
        >>> from validator.catalogue import Spares
        >>> [spares.value for spares in Spares]
        ['nothing', 'single sounds', 'what works', 'everything']
    """

    NOTHING = "nothing"
    SINGLE = "single sounds"
    WORKING = "what works"
    EVERYTHING = "everything"


@dataclass(frozen=True)
class Figure:
    """One measured number, with its unit and, if there is one, its limit.

    Attributes:
        name: What was measured.
        value: The number.
        unit: Unit of the value and the limit; "" for a ratio or a count.
        limit: The limit; None if there is none.

    Examples:
        >>> from validator import Figure
        >>> print(Figure("hop", 50.0, "ms", limit=50.0))
        hop 50 ms (limit 50)
    """

    name: str
    value: float
    unit: str = ""
    limit: float | None = None

    def __str__(self) -> str:
        """The figure as the console prints it."""
        return f"{self.name} {self.in_words}"

    @property
    def in_words(self) -> str:
        """The value with its unit and limit."""
        text = f"{self.value:.4g} {self.unit}".rstrip()
        return text if self.limit is None else f"{text} (limit {self.limit:.4g})"


@dataclass(frozen=True)
class Verdict:
    """What a check found. Made by `conforms`, `violates` and `inconclusive` only.

    Attributes:
        kind: Conforms, violates or inconclusive.
        seen: What was seen, in words with figures.
        expected: What the contract asks for; "" if the submission conforms.
        hint: The likely cause, or a fix that is more specific than the check's own; may be "".
        figures: What was measured.
        reproduction: Lines and stimuli that reproduce the finding without the validator.
        traceback: Traceback of the submission, if it raised.
        fix: What stands in place of the check's own fix where that does not fit; mostly "".
        spares: Which of the checks that need this one can measure in spite of the defect.
        evidence: Data for pictures and tables, a dataclass of the check's module.

    Examples:
        >>> from validator.catalogue import Figure, violates
        >>> verdict = violates("too coarse", Figure("hop", 60.0, "ms"), expected="50 ms or less")
        >>> verdict.violates, verdict.figures[0].in_words
        (True, '60 ms')
    """

    kind: Kind
    seen: str
    expected: str = ""
    hint: str = ""
    figures: tuple[Figure, ...] = ()
    reproduction: Reproduction | None = None
    traceback: str = ""
    evidence: object = field(default=None, compare=False, repr=False)
    fix: str = ""
    spares: Spares = Spares.NOTHING

    @property
    def violates(self) -> bool:
        """Whether the submission violates what the check asks for."""
        return self.kind is Kind.VIOLATES


def conforms(seen: str = "", *figures: Figure, evidence: object = None) -> Verdict:
    """The submission does what the check asks for."""
    return Verdict(Kind.CONFORMS, seen, figures=figures, evidence=evidence)


def violates(
    seen: str,
    *figures: Figure,
    expected: str,
    hint: str = "",
    reproduction: Reproduction | None = None,
    traceback: str = "",
    evidence: object = None,
    fix: str = "",
    spares: Spares = Spares.NOTHING,
) -> Verdict:
    """The submission violates what the check asks for."""
    return Verdict(
        Kind.VIOLATES,
        seen,
        expected,
        hint,
        figures,
        reproduction,
        traceback,
        evidence,
        fix,
        spares,
    )


def inconclusive(why: str, *figures: Figure) -> Verdict:
    """The check could not decide, and says why."""
    return Verdict(Kind.INCONCLUSIVE, why, figures=figures)


@dataclass(frozen=True)
class Family:
    """Checks of one subject: a folder of `validator/checks`, which declares it as `FAMILY`.

    Attributes:
        letter: First letter of the ids of its checks; `--select` takes it.
        heading: Name in lists and pages.
        runs_last: Whether its checks run after the others, since they judge the whole run or need
            a worker of their own.

    Examples:
        >>> from validator import Family
        >>> Family("S", "Side effects").name
        'side_effects'
    """

    letter: str
    heading: str
    runs_last: bool = False

    @property
    def name(self) -> str:
        """Name in reports for programs, which is the name of the folder."""
        return self.heading.lower().replace(" ", "_")


@dataclass(frozen=True, eq=False)
class Check:
    """One check of a submission; declared with `check`.

    Attributes:
        family: Family of the check.
        id: The family's letter and a number; it never changes.
        title: What holds if the check passes.
        severity: Whether a violation is an error or a warning.
        section: Passage of the API that the check is based on.
        requires: Checks that this one needs; if one has found a defect, this one is skipped.
        reason: Why the check matters (the function's docstring).
        fix: How to fix a violation.
        run: The function that checks.
        behavioural: Whether it looks at embeddings; a run without any such check is not green.
        single: Whether it looks at single sounds alone, and can do without what works in batches.
        long: Whether it runs only with `--long` or in the organiser's profile.
        ahead: Begins what it asks of a worker of its own, as soon as all that it requires has
            passed; other checks run meanwhile.

    Examples:
        >>> from validator.checks import CATALOGUE
        >>> next(f"{c.id} {c.title}: {c.severity.value}" for c in CATALOGUE if c.id == "T01")
        'T01 timestamps are milliseconds: error'
    """

    family: Family
    id: str
    title: str
    severity: Severity
    section: str
    requires: tuple[Check, ...]
    reason: str
    fix: str
    run: Callable[[Session], Verdict]
    behavioural: bool = True
    long: bool = False
    single: bool = False
    ahead: Callable[[Session], None] | None = None


class _Decorator(Protocol):
    def __call__(self, run: Callable[[Session], Verdict]) -> Check: ...


def check(
    id: str,  # noqa: A002
    title: str,
    *,
    severity: Severity = Severity.ERROR,
    section: str,
    requires: tuple[Check, ...] = (),
    fix: str,
    behavioural: bool = True,
    long: bool = False,
    single: bool = False,
    ahead: Callable[[Session], None] | None = None,
) -> _Decorator:
    """Declare a check: decorates a function from a `Session` to a `Verdict`.

    The function's docstring is the reason that participants read.
    """

    def declare(run: Callable[[Session], Verdict]) -> Check:
        reason = " ".join(cleandoc(run.__doc__ or "").split())
        return Check(
            family=_family_of(run.__module__),
            id=id,
            title=title,
            severity=severity,
            section=section,
            requires=requires,
            reason=reason,
            fix=fix,
            run=run,
            behavioural=behavioural,
            long=long,
            single=single,
            ahead=ahead,
        )

    return declare


def _family_of(module: str) -> Family:
    """The family that the folder of a module declares."""
    family: Family = sys.modules[module.rpartition(".")[0]].FAMILY
    return family


class CatalogueError(HearError):
    """Checks that cannot stand in one catalogue: a mistake of whoever declared them."""


def catalogued(checks: Iterable[Check]) -> tuple[Check, ...]:
    """The checks in the order of their ids.

    Raises:
        CatalogueError: If an id is taken, retired, or not of the check's family.
    """
    by_id: dict[str, Check] = {}
    for one in checks:
        if one.id in by_id:
            raise CatalogueError(
                f"{one.id} is the id of two checks: {by_id[one.id].title!r} and {one.title!r}"
            )
        if one.id in RETIRED_IDS:
            raise CatalogueError(f"{one.id} is retired: {one.title!r} needs an id that is new")
        if not re.fullmatch(rf"{one.family.letter}\d\d", one.id):
            raise CatalogueError(
                f"{one.id} is no id of the family {one.family.name}: "
                f"{one.title!r} needs one such as {one.family.letter}01"
            )
        by_id[one.id] = one
    return tuple(by_id[id_] for id_ in sorted(by_id))
