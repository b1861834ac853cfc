"""The report as SARIF 2.1.0, which code hosts show as annotations of the submission's module.

Source: OASIS, Static Analysis Results Interchange Format version 2.1.0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..catalogue import Check, Severity
from ..report import Report, Result, Status

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_REPORTED = {Status.FAILED, Status.WARNED, Status.EXPECTED, Status.UNEXPECTED_PASS}


def render(report: Report) -> str:
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
        "invocations": [_invocation(report)],
        "properties": _facts(report),
        "results": [
            _result(report, result, index)
            for index, result in enumerate(report.results)
            if result.status in _REPORTED
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _facts(report: Report) -> dict[str, Any]:
    """The run's facts, and every check's outcome and figures; results are for findings only."""
    facts = report.to_dict()
    del facts["results"]
    wanted = ("id", "status", "why", "seconds", "figures")
    facts["checks"] = [{k: r.to_dict()[k] for k in wanted} for r in report.results]
    return facts


def _invocation(report: Report) -> dict[str, Any]:
    """How the run went; what is no fault of the submission stands here, not in the results."""
    notes = [
        _note(result.why, "error", result.check.id)
        for result in report.results
        if result.status is Status.BROKEN
    ]
    if not report.ran_behavioural:
        notes.append(_note("No check that looks at embeddings came to a verdict.", "error"))
    return {
        "executionSuccessful": report.exit_status != 2,
        "exitCode": report.exit_status,
        "toolExecutionNotifications": notes,
    }


def _note(text: str, level: str, id_: str = "") -> dict[str, Any]:
    note: dict[str, Any] = {"message": {"text": text}, "level": level}
    return note | {"associatedRule": {"id": id_}} if id_ else note


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "name": check.family.name,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.reason},
        "help": {"text": check.fix},
        "defaultConfiguration": {"level": _level(check)},
    }


def _level(check: Check) -> str:
    return "error" if check.severity is Severity.ERROR else "warning"


def _result(report: Report, result: Result, index: int) -> dict[str, Any]:
    facts = result.to_dict()
    if result.status is Status.UNEXPECTED_PASS:
        text = f"Expected to fail ({result.why}), but it passes: remove it from the settings."
    else:
        text = f"{facts['seen']}. Expected: {facts['expected']}. {facts['fix']}"
    failing = result.status in (Status.FAILED, Status.UNEXPECTED_PASS)
    made: dict[str, Any] = {
        "ruleId": result.check.id,
        "ruleIndex": index,
        "level": "error" if failing else _level(result.check),
        "message": {"text": text},
        "properties": {"figures": facts["figures"], "snippet": facts["snippet"]},
    }
    if report.file:
        place = {"artifactLocation": {"uri": _uri(report.file)}, "region": {"startLine": 1}}
        made["locations"] = [{"physicalLocation": place}]
    if result.status is Status.EXPECTED:
        made["suppressions"] = [{"kind": "external", "justification": result.why}]
    return made


def _uri(file: str) -> str:
    """Relative to the current folder where it lies below it, as code hosts want it."""
    path = Path(file).absolute()
    here = Path.cwd()
    if path.is_relative_to(here):
        return quote(path.relative_to(here).as_posix(), errors="replace")
    return "file://" + quote(path.as_posix(), errors="replace")
