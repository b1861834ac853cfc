"""The report as JUnit XML, which CI systems show as tests.

The format is small and has no official schema; the standard library writes it.
"""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

from ..report import Report, Result, Status

_FAILING = {Status.FAILED, Status.UNEXPECTED_PASS}
_ILLEGAL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """One test case for each check."""
    counts = report.counts()
    suite = ET.Element(
        "testsuite",
        name=f"hear-validate {report.module}",
        tests=str(len(report.results)),
        failures=str(sum(counts[s] for s in _FAILING)),
        errors=str(counts[Status.BROKEN]),
        skipped=str(counts[Status.SKIPPED] + counts[Status.EXPECTED]),
        time=f"{report.seconds:.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    facts = {
        "module": report.module,
        "weights": report.weights,
        "device": report.device,
        "profile": report.profile,
        "seed": report.seed,
        "environment": json.dumps(report.environment, default=str),
    }
    for name, value in facts.items():
        ET.SubElement(properties, "property", name=name, value=_legal(str(value)))
    for result in report.results:
        _case(suite, result)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, result: Result) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"hear-validate.{result.check.family}",
        name=f"{result.check.id} {result.check.title}",
        time=f"{result.seconds:.3f}",
    )
    facts = result.to_dict()
    if result.verdict is not None and result.verdict.figures:
        properties = ET.SubElement(case, "properties")
        for figure in result.verdict.figures:
            value = f"{figure.value:.6g} {figure.unit}".strip()
            ET.SubElement(properties, "property", name=figure.name, value=_legal(value))
    if result.status in _FAILING:
        text = facts["seen"] or f"expected to fail ({result.why}), but it passes"
        failure = ET.SubElement(case, "failure", message=_legal(text), type=result.check.id)
        failure.text = _legal(
            f"expected: {facts['expected']}\nmend: {facts['mend']}\n\n{facts['snippet']}"
        )
    elif result.status is Status.BROKEN:
        ET.SubElement(case, "error", message=_legal(result.why.splitlines()[0])).text = _legal(
            result.why
        )
    elif result.status in (Status.SKIPPED, Status.EXPECTED):
        ET.SubElement(case, "skipped", message=_legal(result.why))
    elif result.status in (Status.WARNED, Status.INCONCLUSIVE):
        ET.SubElement(case, "system-out").text = _legal(
            f"{result.status.value}: {facts['seen']}\n{facts['mend']}"
        )


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
