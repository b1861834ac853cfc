"""The results of a run: a `Result` for every check, and the `Report` with all of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from .catalogue import Check, Kind, Severity, Verdict
from .gallery import Gallery

SCHEMA_VERSION = 2
"""Of `to_dict`; grows when a field changes its meaning or goes."""


class Status(str, Enum):
    """What became of a check.

    Examples:
        >>> from validator import Status
        >>> Status("unexpected pass").name
        'UNEXPECTED_PASS'
    """

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"
    EXPECTED = "expected"
    UNEXPECTED_PASS = "unexpected pass"
    BROKEN = "broken"


def status_of(check: Check, verdict: Verdict, *, expected: bool, strict: bool) -> Status:
    """The status that a verdict has, given what the participant said to expect.

    Args:
        check: The check that ran.
        verdict: What it found.
        expected: Whether the participant listed it as an expected failure.
        strict: Whether warnings fail.
    """
    if verdict.kind is Kind.INCONCLUSIVE:
        return Status.INCONCLUSIVE
    if verdict.kind is Kind.CONFORMS:
        return Status.UNEXPECTED_PASS if expected else Status.PASSED
    if expected:
        return Status.EXPECTED
    if check.severity is Severity.WARNING and not strict:
        return Status.WARNED
    return Status.FAILED


@dataclass(frozen=True)
class Skipped:
    """Why a check did not run.

    Attributes:
        reason: Why, in words: it was left out, or what became of the check that it needs.
        by: The check that it needs and that keeps it from running; None if it was left out.

    Examples:
        >>> from validator import Skipped
        >>> print(Skipped("left out by --skip"))
        left out by --skip
    """

    reason: str
    by: Check | None = None

    def __str__(self) -> str:
        """The reason as reports give it."""
        return f"{self.brief}, {self.reason}" if self.by else self.reason

    @property
    def brief(self) -> str:
        """The same without what became of the check that is needed."""
        return f"needs {self.by.id}" if self.by else self.reason


@dataclass(frozen=True)
class Result:
    """What became of one check.

    Attributes:
        check: The check.
        status: What became of it.
        verdict: What it found; None if it did not run.
        note: Why it was expected to fail, or what broke.
        skipped: Why it was skipped; None if it ran.
        seconds: Wall-clock seconds of the check.
        peak_bytes: Peak resident memory of the worker; None if the check only used answers from
            before.
        snippet: Python that reproduces a finding without the validator.

    Examples:
        >>> from validator import Result, Skipped, Status
        >>> from validator.checks import CATALOGUE
        >>> left_out = Skipped("left out by --skip")
        >>> result = Result(CATALOGUE[0], Status.SKIPPED, skipped=left_out)
        >>> result.check.id, result.is_finding, result.to_dict()["status"]
        ('D01', False, 'skipped')
    """

    check: Check
    status: Status
    verdict: Verdict | None = None
    note: str = ""
    skipped: Skipped | None = None
    seconds: float = 0.0
    peak_bytes: int | None = None
    snippet: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        verdict = self.verdict
        return {
            "id": self.check.id,
            "title": self.check.title,
            "family": self.check.family.name,
            "severity": self.check.severity.value,
            "status": self.status.value,
            "why": self.why,
            "seen": verdict.seen if verdict else "",
            "expected": verdict.expected if verdict else "",
            "fix": self.fix,
            "figures": [_plain(asdict(f)) for f in verdict.figures] if verdict else [],
            "snippet": self.snippet,
            "seconds": round(self.seconds, 3),
            "peak_bytes": self.peak_bytes,
        }

    @property
    def why(self) -> str:
        """Why it was skipped, expected to fail, or broken, in words."""
        return str(self.skipped) if self.skipped else self.note

    @property
    def is_finding(self) -> bool:
        """Whether the submission violates what the check asks for."""
        return self.verdict is not None and self.verdict.violates

    @property
    def fix(self) -> str:
        """How to fix a finding: the hint, if there is one, then the verdict's or check's fix."""
        if self.verdict is None or not self.is_finding:
            return ""
        fix = self.verdict.fix or self.check.fix
        return " ".join(filter(None, (self.verdict.hint, fix)))


@dataclass(frozen=True)
class Report:
    """The report on a whole run.

    Attributes:
        module: Name of the module.
        weights: Path of the weights as given, or "".
        device: Device that the submission ran on, such as `cpu` or `cuda`.
        profile: `participant` or `organiser`.
        seed: Seed of the random stimuli.
        environment: Versions of software, and the machine.
        results: Results of all checks, in the order of ids.
        seconds: Wall-clock seconds of the whole run.
        not_found: Why the module was not found, or "".
        file: Source file of the module, or "".
        gallery: Data for pictures of the embeddings, if they were asked for.

    Examples:
        A run in which no check ran does not conform, although none failed:

        >>> from validator import Report
        >>> report = Report("my_model", "", "cpu", "participant", 0, {}, results=())
        >>> report.errors, report.conforms, report.exit_status
        (0, False, 1)
    """

    module: str
    weights: str
    device: str
    profile: str
    seed: int
    environment: Mapping[str, Any]
    results: tuple[Result, ...] = field(repr=False)
    seconds: float = 0.0
    not_found: str = ""
    file: str = ""
    gallery: Gallery | None = field(default=None, compare=False, repr=False)

    def counts(self) -> dict[Status, int]:
        """How many checks have each status; every status is a key."""
        counted = Counter(r.status for r in self.results)
        return {status: counted[status] for status in Status}

    @property
    def ran_behavioural(self) -> bool:
        """Whether at least one check of embeddings reached a verdict."""
        return any(
            r.check.behavioural
            and r.verdict is not None
            and r.verdict.kind is not Kind.INCONCLUSIVE
            for r in self.results
        )

    @property
    def conforms(self) -> bool:
        """Whether the run is green: no check failed, and a check of embeddings ran."""
        return self.ran_behavioural and not self.errors

    @property
    def errors(self) -> int:
        """How many checks keep the run from being green."""
        counts = self.counts()
        return counts[Status.FAILED] + counts[Status.UNEXPECTED_PASS] + counts[Status.BROKEN]

    @property
    def exit_status(self) -> int:
        """0 conforms, 1 does not, 2 could not be run."""
        if self.not_found or self.counts()[Status.BROKEN]:
            return 2
        return 0 if self.conforms else 1

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the schema is `validator/report.schema.json`."""
        return {
            "schema_version": SCHEMA_VERSION,
            "module": self.module,
            "file": self.file,
            "weights": self.weights,
            "device": self.device,
            "profile": self.profile,
            "seed": self.seed,
            "environment": dict(self.environment),
            "conforms": self.conforms,
            "exit_status": self.exit_status,
            "seconds": round(self.seconds, 3),
            "counts": {status.value: n for status, n in self.counts().items()},
            "results": [r.to_dict() for r in self.results],
        }


def _plain(figure: dict[str, Any]) -> dict[str, Any]:
    """The figure with numbers that JSON has: infinity and NaN become text."""
    return {
        key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in figure.items()
    }
