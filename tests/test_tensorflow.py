"""TensorFlow and Keras submissions, by the same checks.

A file of `submissions/tensorflow` is named after the check that must find it, or begins with
`good_`. The constants are those of `test_submissions`. Defects of what is computed are looked for
in one process, since importing TensorFlow takes longer than all checks, and so are two of the
models that are valid; what changes the state of a process, and the others, go through the real
worker.
"""

import ast
import functools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from validator import validate

from .computing import Computing, Plain
from .mutation_table import PROPERTY, outcome

NEEDS = ("tensorflow",)

FOLDER = Path(__file__).parent / "submissions" / "tensorflow"
GOOD = sorted(path.stem for path in FOLDER.glob("good_*.py"))
BAD = sorted(path.stem for path in FOLDER.glob("[A-Z]*.py"))

COMPUTING = "MOTR"
"""Families whose defects are those of what is computed."""

COMPUTING_WELL = ("good_functional", "good_layer")
"""Valid models that only compute. What a process keeps is measured where it serves nothing else."""

Record = Callable[[str, object], None]
Runs = Callable[[str], Plain]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    weights = tmp_path_factory.mktemp("weights") / "bands.npy"
    np.save(weights, np.random.default_rng(1).random((513, 48), dtype=np.float32))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(FOLDER)
        # Several tests share the cores: their threads must not wait for each other.
        patch.setenv("OMP_NUM_THREADS", "1")
        computing = Computing()
        yield functools.cache(lambda submission: report(submission, weights, computing))
        computing.close()


def report(submission: str, weights: Path, computing: Computing) -> Plain:
    select = () if submission in GOOD else tuple(sorted(expected(submission)))
    given = weights if stated(submission).get("WEIGHTS") else None
    if submission[0] in COMPUTING:
        return computing.report(submission, given, {"select": select})
    if submission in COMPUTING_WELL:
        return computing.report(submission, given, {"skip": ("S13",)})
    return validate(submission, given, select=select).to_dict()


def findings(report: Plain) -> dict[str, Plain]:
    return {r["id"]: r for r in report["results"] if r["status"] in ("failed", "warned")}


def expected(submission: str) -> set[str]:
    return {submission.partition("_")[0], *stated(submission).get("ALSO", ())}


def stated(submission: str) -> dict[str, Any]:
    """The constants of a submission, read without importing TensorFlow."""
    tree = ast.parse((FOLDER / f"{submission}.py").read_text("utf-8"))
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in ("WEIGHTS", "ALSO")
    }


def told(report: Plain) -> str:
    """Findings and failures of our own, for the message of a failed test."""
    return "\n".join(
        f"{r['id']} {r['status']}: {r['seen'] or r['why']}"
        for r in report["results"]
        if r["status"] in ("failed", "warned", "broken")
    )


@pytest.mark.parametrize("submission", GOOD)
def test_a_good_submission_is_accepted(
    submission: str, runs: Runs, record_property: Record
) -> None:
    seen = runs(submission)
    found = set(findings(seen))
    row = ("-", f"tensorflow.{submission}", " ".join(sorted(found)), outcome(set(), found))
    record_property(PROPERTY, row)

    assert seen["conforms"], told(seen)
    assert not found, told(seen)
    assert seen["counts"]["broken"] == 0, told(seen)
    # What cannot be known: five checks of devices and, without weights, two of the file.
    unknown = {r["id"] for r in seen["results"] if r["status"] == "inconclusive"}
    without_file = set() if stated(submission).get("WEIGHTS") else {"I08", "I09"}
    assert unknown == {"D01", "D02", "D03", "D04", "D05"} | without_file


@pytest.mark.parametrize("submission", BAD)
def test_a_defect_is_found_by_its_own_check(
    submission: str, runs: Runs, record_property: Record
) -> None:
    seen = runs(submission)
    found = set(findings(seen))
    id_ = submission.partition("_")[0]
    shown = outcome(expected(submission), found)
    record_property(PROPERTY, (id_, f"tensorflow.{submission}", " ".join(sorted(found)), shown))

    assert found == expected(submission), told(seen)


@pytest.mark.parametrize("submission", ["good_module"])
def test_only_the_framework_in_use_is_imported(submission: str, runs: Runs) -> None:
    (framework,) = runs(submission)["environment"]["worker"]["frameworks"]
    assert framework.startswith("tensorflow 2.")


@pytest.mark.parametrize("submission", ["R03_batch_statistics"])
def test_the_snippet_reproduces_the_finding_in_tensorflow(submission: str, runs: Runs) -> None:
    (finding,) = findings(runs(submission)).values()
    snippet = subprocess.run(
        [sys.executable, "-c", finding["snippet"]], cwd=FOLDER, capture_output=True, text=True
    )

    assert snippet.returncode == 0, snippet.stderr
    assert float(snippet.stdout) > 0.1, finding["snippet"]
