"""The report as JUnit XML, which CI systems show as tests.

The format is small and has no official schema; the standard library writes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from ..report import Report, Result, Status

_ILLEGAL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, escaped or not."""

_OUTCOMES = {
    Status.FAILED: "failure",
    Status.UNEXPECTED_PASS: "failure",
    Status.BROKEN: "error",
    Status.SKIPPED: "skipped",
    Status.EXPECTED: "skipped",
    Status.INCONCLUSIVE: "skipped",
    Status.WARNED: "system-out",
}
"""The element that tells what became of a check; none where it passed."""

_NO_CHECK_RAN = "no check that looks at embeddings ran, so nothing is known of them"


def render(report: Report) -> str:
    """One test case for each check, and one more in error where the run shows nothing."""
    suite = ET.Element("testsuite", name=_legal(f"hear-validate {report.module}"))
    facts = {
        "module": report.module,
        "file": report.file,
        "weights": report.weights,
        "device": report.device,
        "profile": report.profile,
        "seed": report.seed,
        "conforms": json.dumps(report.conforms),
        "environment": json.dumps(dict(report.environment), default=str),
    }
    _properties(suite, facts.items())
    for result in report.results:
        _case(suite, result)
    if not report.ran_behavioural:
        # A run with nothing but skipped cases would be green in CI.
        case = ET.SubElement(suite, "testcase", classname="hear-validate", name="the run")
        ET.SubElement(case, "error", message=_NO_CHECK_RAN)
    suite.set("tests", str(len(suite.findall("testcase"))))
    for attribute, tag in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("time", f"{report.seconds:.3f}")
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _case(suite: ET.Element, result: Result) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"hear-validate.{result.check.family.name}",
        name=f"{result.check.id} {result.check.title}",
        time=f"{result.seconds:.3f}",
    )
    if result.verdict is not None and result.verdict.figures:
        _properties(case, [(figure.name, figure.in_words) for figure in result.verdict.figures])
    tag = _OUTCOMES.get(result.status)
    if tag == "system-out":
        ET.SubElement(case, tag).text = _legal(f"{result.status.value}\n{_details(result)}")
    elif tag:
        outcome = ET.SubElement(case, tag, message=_legal(_message(result)))
        if tag == "failure":
            outcome.set("type", result.check.id)
        outcome.text = _legal(_details(result))


def _message(result: Result) -> str:
    """What became of a check that neither passed nor is only warned of, on one line."""
    if result.status is Status.EXPECTED:
        return f"fails as expected: {result.why}"
    if result.status is Status.UNEXPECTED_PASS:
        return f"was expected to fail ({result.why}), but passes"
    if result.verdict is not None:
        inconclusive = "inconclusive: " if result.status is Status.INCONCLUSIVE else ""
        return inconclusive + result.verdict.seen
    return result.why.partition("\n")[0]


def _details(result: Result) -> str:
    if not result.is_finding or result.verdict is None:
        return result.why if result.status is Status.BROKEN else ""
    fields = {
        "seen": result.verdict.seen,
        "expected": result.verdict.expected,
        "fix": result.fix,
    }
    lines = [f"{name}: {text}" for name, text in fields.items() if text]
    return "\n".join([*lines, "", result.snippet]).rstrip()


def _properties(element: ET.Element, facts: Iterable[tuple[str, object]]) -> None:
    properties = ET.SubElement(element, "properties")
    for name, value in facts:
        ET.SubElement(properties, "property", name=_legal(name), value=_legal(str(value)))


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
