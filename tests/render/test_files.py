"""What is written for programs: JSON, JUnit XML, SARIF, the badge."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

import validator
from validator.render import RENDERERS
from validator.report import Report, Status

from .conftest import make_report

NEEDS = ("jsonschema",)

SCHEMA = json.loads((Path(validator.__file__).parent / "report.schema.json").read_text("utf-8"))


def as_json(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RENDERERS["json"](report))
    return found


def test_json_follows_its_schema(report: Report) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(as_json(report), SCHEMA)


@pytest.mark.parametrize(
    ("field", "value"), [("conforms", "yes"), ("schema_version", 1), ("device", "tpu")]
)
def test_the_schema_refuses_other_reports(report: Report, field: str, value: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_json(report) | {field: value}, SCHEMA)


def test_json_carries_figures_environment_and_outcome(report: Report) -> None:
    found = as_json(report)
    assert found["environment"] == {"validator": "1.2", "python": "3.11"}
    assert (found["device"], found["seed"], found["exit_status"]) == ("cpu", 3, 2)
    assert found["counts"] == {status.value: 1 for status in Status}
    failed = found["results"][1]
    assert failed["status"] == "failed"
    assert failed["figures"] == [{"name": "deviation", "value": "inf", "unit": "ms", "limit": 1.0}]
    assert failed["snippet"] == "import x\nx.y()"
    assert failed["fix"] == "fix of X02"


def test_junit_has_a_case_for_each_check_with_its_outcome(report: Report) -> None:
    root = ET.fromstring(RENDERERS["junit"](report))
    (suite,) = root.findall("testsuite")
    cases = suite.findall("testcase")
    assert len(cases) == int(suite.get("tests", "")) == len(Status)
    children = {
        status: [child.tag for child in case if child.tag != "properties"]
        for status, case in zip(Status, cases, strict=True)
    }
    assert children == {
        Status.PASSED: [],
        Status.FAILED: ["failure"],
        Status.WARNED: ["system-out"],
        Status.INCONCLUSIVE: ["skipped"],
        Status.SKIPPED: ["skipped"],
        Status.EXPECTED: ["skipped"],
        Status.UNEXPECTED_PASS: ["failure"],
        Status.BROKEN: ["error"],
    }
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("2", "1", "3")
    skipped = cases[4].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "needs X01, which found a defect"
    properties = {p.get("name"): p.get("value") for p in suite.findall("properties/property")}
    assert properties["seed"] == "3"
    assert json.loads(properties["environment"] or "") == {"validator": "1.2", "python": "3.11"}
    figures = {p.get("name"): p.get("value") for p in cases[2].findall("properties/property")}
    assert figures == {"deviation": "2.5 ms (limit 1)"}
    failure = cases[1].find("failure")
    assert failure is not None
    for words in ("expected: something else", "fix: fix of X02", "import x\nx.y()"):
        assert words in (failure.text or "")
    assert '<b>"hi"</b> &' in failure.get("message", "")
    assert "\x1b" not in failure.get("message", "")


def test_junit_is_not_green_where_nothing_is_known() -> None:
    (suite,) = ET.fromstring(RENDERERS["junit"](make_report(Status.SKIPPED))).findall("testsuite")
    assert (suite.get("tests"), suite.get("errors")) == ("2", "1")


def test_sarif_has_the_required_structure(report: Report) -> None:
    log = json.loads(RENDERERS["sarif"](report))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "hear-validate"
    assert [rule["id"] for rule in rules] == [f"X{n:02}" for n in range(1, len(Status) + 1)]
    assert rules[2]["defaultConfiguration"]["level"] == "warning"
    results = {r["ruleId"]: r for r in run["results"]}
    assert set(results) == {"X02", "X03", "X06", "X07"}
    for result in results.values():
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        location = result["locations"][0]["physicalLocation"]
        assert location["artifactLocation"]["uri"] == "my_model.py"
        assert location["region"]["startLine"] >= 1
    assert (results["X02"]["level"], results["X03"]["level"]) == ("error", "warning")
    assert results["X06"]["suppressions"][0]["justification"] == "known, issue 7"
    assert run["properties"]["environment"]["python"] == "3.11"
    assert results["X03"]["properties"]["figures"][0]["value"] == 2.5
    checks = {c["id"]: c for c in run["properties"]["checks"]}
    assert checks["X01"]["figures"][0] == {
        "name": "deviation",
        "value": 2.5,
        "unit": "ms",
        "limit": 1.0,
    }
    assert checks["X05"]["why"] == "needs X01, which found a defect"


def test_sarif_blames_the_submission_for_no_fault_of_ours(report: Report) -> None:
    (run,) = json.loads(RENDERERS["sarif"](report))["runs"]
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    (note,) = invocation["toolExecutionNotifications"]
    assert note["associatedRule"] == {"id": "X08"}
    assert "the check itself failed" in note["message"]["text"]


def test_sarif_notes_a_run_that_shows_nothing() -> None:
    (run,) = json.loads(RENDERERS["sarif"](make_report(Status.SKIPPED)))["runs"]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert (run["results"], note["level"]) == ([], "error")


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("a folder/my model.py", "a%20folder/my%20model.py"),
        ("/elsewhere/my_model.py", "file:///elsewhere/my_model.py"),
    ],
)
def test_sarif_gives_places_as_uris(file: str, uri: str) -> None:
    report = replace(make_report(Status.FAILED), file=str(Path.cwd() / file))
    (run,) = json.loads(RENDERERS["sarif"](report))["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": uri}


def test_sarif_names_no_place_that_is_not_known() -> None:
    report = replace(make_report(Status.FAILED), file="")
    (run,) = json.loads(RENDERERS["sarif"](report))["runs"]
    assert "locations" not in run["results"][0]


@pytest.mark.parametrize("kind", ["json", "junit", "sarif", "badge"])
def test_what_cannot_be_encoded_does_not_stop_a_renderer(kind: str) -> None:
    text = RENDERERS[kind](replace(make_report(Status.FAILED), module="m\ud800\x00<&\"'"))
    text.encode("utf-8")
    if kind in ("json", "sarif"):
        json.loads(text)
    else:
        ET.fromstring(text)


@pytest.mark.parametrize(
    ("statuses", "profile", "words"),
    [
        ([Status.PASSED], "participant", ["HEAR", "conforms"]),
        ([Status.PASSED, Status.WARNED], "participant", ["conforms, 1 warning"]),
        ([Status.PASSED, Status.EXPECTED], "participant", ["conforms, 1 accepted"]),
        ([Status.PASSED, Status.SKIPPED], "participant", ["conforms, 1 of 2 checks"]),
        ([Status.PASSED, Status.FAILED, Status.FAILED], "participant", ["2 errors"]),
        ([Status.PASSED], "organiser", ["HEAR, organiser", "conforms"]),
        ([], "participant", ["not validated"]),
    ],
)
def test_the_badge_says_the_outcome(statuses: list[Status], profile: str, words: list[str]) -> None:
    svg = ET.fromstring(RENDERERS["badge"](make_report(*statuses, profile=profile)))
    texts = [e.text for e in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert all(word in texts for word in words)
    title = svg.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert "my_model" in (title.text or "")
