"""The report as SARIF 2.1.0, which code hosts show as annotations of the submission's module.

Source: OASIS, Static Analysis Results Interchange Format version 2.1.0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..catalogue import Check, Severity
from ..report import Report, Result, Status

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_REPORTED = {Status.FAILED, Status.WARNED, Status.EXPECTED, Status.BROKEN, Status.UNEXPECTED_PASS}


def sarif(report: Report) -> str:
    """One rule for each check, one result for each finding."""
    checks = [r.check for r in report.results]
    run = {
        "tool": {
            "driver": {
                "name": "hear-validate",
                "version": str(report.environment.get("validator", "")),
                "rules": [_rule(check) for check in checks],
            }
        },
        "invocations": [
            {
                "executionSuccessful": report.exit_status != 2,
                "exitCode": report.exit_status,
            }
        ],
        "properties": {
            "module": report.module,
            "weights": report.weights,
            "device": report.device,
            "profile": report.profile,
            "seed": report.seed,
            "environment": report.environment,
            "counts": {status.value: n for status, n in report.counts().items()},
        },
        "results": [
            _result(report, result, checks.index(result.check))
            for result in report.results
            if result.status in _REPORTED
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "name": check.family,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.reason},
        "help": {"text": check.mend},
        "defaultConfiguration": {"level": _level(check)},
    }


def _level(check: Check) -> str:
    return "error" if check.severity is Severity.ERROR else "warning"


def _result(report: Report, result: Result, index: int) -> dict[str, Any]:
    facts = result.to_dict()
    said = facts["seen"] or result.why
    text = " ".join(
        filter(None, (said, facts["expected"] and f"Expected: {facts['expected']}.", facts["mend"]))
    )
    made: dict[str, Any] = {
        "ruleId": result.check.id,
        "ruleIndex": index,
        "level": "error" if result.status is Status.FAILED else _level(result.check),
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(report.file)},
                    "region": {"startLine": 1},
                }
            }
        ],
        "properties": {"figures": facts["figures"], "snippet": facts["snippet"]},
    }
    if result.status is Status.EXPECTED:
        made["suppressions"] = [{"kind": "external", "justification": result.why}]
    return made


def _uri(file: str) -> str:
    """Relative to the current folder where it lies below it, as code hosts want it."""
    path = Path(file or "unknown")
    if path.is_relative_to(Path.cwd()):
        return path.relative_to(Path.cwd()).as_posix()
    return path.as_uri() if path.is_absolute() else path.as_posix()
