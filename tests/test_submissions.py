"""Every submission of `submissions/`: the mutation table.

Each check's first mutant, all faults and all good submissions go through the real worker, and
through every check. Further mutants that only compute go through the same checks in one process;
those that do more go through the real worker and their own check with what it requires.

A file of `bad` is named after the one check that must find it: `bad/T01_seconds.py`. A file of
`good` must pass. Constants in a file, read without importing it, may state

- `OPTIONS`: fields of `validator.Options`, such as a short time limit;
- `WEIGHTS = True`: that it is loaded with a checkpoint of the base submission;
- `WARNINGS`: ids of the warnings that a good submission rightly gets;
- `ALSO`: ids of other findings that the defect cannot help causing.
"""

import ast
import functools
import importlib.util
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from validator import validate

from .mutation_table import PROPERTY, outcome

HERE = Path(__file__).parent
FOLDER = HERE / "submissions"
BAD = sorted(f"bad.{path.stem}" for path in (FOLDER / "bad").glob("[A-Z]*.py"))
GOOD = sorted(f"good.{path.stem}" for path in (FOLDER / "good").glob("[a-z]*.py"))

FIRST = {min(group) for _, group in itertools.groupby(BAD, lambda s: s.partition("_")[0])}
"""Each check's first mutant."""

SLOW = ("D", "S13")
"""A simulated GPU and the growth of memory take seconds; mutants of other checks do without."""

ELSEWHERE = ("R08", "R10")
"""These compare with a new process, which shares nothing with the first."""

HARMLESS = {"base", "drawn", "good", "torch", "numpy", "math", "functools", "typing"}
"""What a submission that only computes imports."""

Record = Callable[[str, object], None]
Plain = dict[str, Any]


class Runs:
    """Reports by submission, as `Report.to_dict` has them.

    The next ones are under way while a test looks at the last one.

    Args:
        order: What will be asked for, in this order.
        weights: A checkpoint of the base submission.
    """

    def __init__(self, order: Sequence[str], weights: Path) -> None:
        self._weights = weights
        self._pool = ThreadPoolExecutor(2)
        self._started: dict[str, Future[Plain]] = {}
        self._order = [s for s in order if not only_computes(s)]
        computing = [s for s in order if only_computes(s)]
        self._computed: dict[str, Plain] = {}
        self._computing = in_one_process(computing) if computing else None

    def report(self, submission: str) -> Plain:
        if only_computes(submission):
            return self._from_process(submission)
        begin = self._order.index(submission) if submission in self._order else len(self._order)
        for name in dict.fromkeys((submission, *self._order[begin : begin + 3])):
            if name not in self._started:
                self._started[name] = self._pool.submit(self._run, name)
        return self._started[submission].result()

    def _run(self, submission: str) -> Plain:
        weights = self._weights if stated(submission).get("WEIGHTS") else None
        return validate(submission, weights, **options(submission)).to_dict()

    def _from_process(self, submission: str) -> Plain:
        if self._computing is None:
            self._computing = in_one_process([submission])
        assert self._computing.stdout is not None
        while submission not in self._computed:
            line = self._computing.stdout.readline()
            assert line, f"the process ended before it came to {submission}"
            found = json.loads(line)
            self._computed[found["module"]] = found
        return self._computed[submission]

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        if self._computing is not None:
            self._computing.terminate()
            self._computing.wait()
            assert self._computing.stdout is not None
            self._computing.stdout.close()


def in_one_process(submissions: Sequence[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(HERE / "in_process.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=dict(os.environ, OMP_NUM_THREADS="1"),
    )
    assert process.stdin is not None
    json.dump({s: options(s) for s in submissions}, process.stdin)
    process.stdin.close()
    return process


def options(submission: str) -> Plain:
    """What to run of the checks, and what the submission itself asks for."""
    asked: Plain = dict(stated(submission).get("OPTIONS", {}))
    if submission in GOOD:
        return asked
    id_ = expected_id(submission)
    if submission in FIRST or only_computes(submission):
        return {"skip": tuple(slow for slow in SLOW if not id_.startswith(slow)), **asked}
    return {"select": (id_,), **asked}


@functools.cache
def only_computes(submission: str) -> bool:
    """Whether a mutant can do without a process of its own; each check's first gets one."""
    if submission in (*FIRST, *GOOD) or stated(submission).keys() & {"OPTIONS", "WEIGHTS"}:
        return False
    imported: set[str] = set()
    for node in ast.walk(parsed(submission)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    id_ = expected_id(submission)
    return id_[0] in "MOTRL" and id_ not in ELSEWHERE and imported <= HARMLESS


def parsed(submission: str) -> ast.Module:
    return ast.parse((FOLDER / f"{submission.replace('.', '/')}.py").read_text("utf-8"))


def stated(submission: str) -> Plain:
    """The constants of a submission, which may not be importable."""
    found = {}
    for node in parsed(submission).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in ("OPTIONS", "WEIGHTS", "WARNINGS", "ALSO"):
                found[name] = ast.literal_eval(node.value)
    return found


def expected_id(submission: str) -> str:
    return submission.removeprefix("bad.").partition("_")[0]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = importlib.util.spec_from_file_location("base_submission", FOLDER / "base.py")
    assert spec is not None
    assert spec.loader is not None
    base = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(base)
    path = tmp_path_factory.mktemp("weights") / "base.pt"
    torch.save(base.Model().state_dict(), path)
    return path


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, weights: Path) -> Iterator[Runs]:
    """What is wanted, in order; under xdist every process has its share and no look ahead."""
    order = [
        item.callspec.params["submission"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(FOLDER)
        # Several workers share the cores: their threads must not spin while they wait.
        patch.setenv("OMP_WAIT_POLICY", "PASSIVE")
        made = Runs([] if "PYTEST_XDIST_WORKER" in os.environ else order, weights)
        yield made
        made.close()


def findings(report: Plain) -> dict[str, Plain]:
    return {r["id"]: r for r in report["results"] if r["status"] in ("failed", "warned")}


def told(report: Plain) -> str:
    """What is not as it should be, for the message of a failed test."""
    return "\n".join(
        f"{r['id']} {r['status']}: {r['seen'] or r['why']}"
        for r in report["results"]
        if r["status"] in ("failed", "warned", "broken")
    )


@pytest.mark.parametrize("submission", BAD)
def test_each_defect_is_found_by_its_own_check_alone(
    submission: str, runs: Runs, record_property: Record
) -> None:
    report = runs.report(submission)
    own, also = expected_id(submission), set(stated(submission).get("ALSO", ()))
    found = findings(report)
    row = (own, submission, " ".join(sorted(found)), outcome({own}, set(found) - also))
    record_property(PROPERTY, row)

    ran = {r["id"] for r in report["results"] if r["status"] != "skipped"}
    assert set(found) == {own} | (also & ran), told(report)
    assert report["counts"]["broken"] == 0, told(report)
    for result in found.values():
        assert result["status"] == {"error": "failed", "warning": "warned"}[result["severity"]]
        assert result["expected"]
        compile(result["snippet"], "snippet", "exec")


@pytest.mark.parametrize("submission", GOOD)
def test_a_good_submission_is_accepted(
    submission: str, runs: Runs, record_property: Record
) -> None:
    report = runs.report(submission)
    expected = set(stated(submission).get("WARNINGS", ()))
    found = set(findings(report))
    row = ("-", submission, " ".join(sorted(found)), outcome(set(), found - expected))
    record_property(PROPERTY, row)

    assert found == expected, told(report)
    assert report["counts"]["broken"] == 0, told(report)
    assert report["conforms"]
