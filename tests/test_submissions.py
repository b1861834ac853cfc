"""Every submission of `submissions/` through the real worker: the mutation table.

A file of `bad` is named after the one check that must find it: `bad/T01_seconds.py`. A file of
`good` must pass. Constants in a file, read without importing it, may state

- `OPTIONS`: fields of `validator.Options`, such as a short time limit;
- `WEIGHTS = True`: that it is loaded with a checkpoint of the base submission;
- `WARNINGS`: ids of the warnings that a good submission rightly gets;
- `ALSO`: ids of other findings that the defect cannot help causing.
"""

import ast
import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from validator import Report, Severity, Status, validate
from validator.report import Result

from .mutation_table import PROPERTY, outcome

FOLDER = Path(__file__).parent / "submissions"
BAD = sorted(f"bad.{path.stem}" for path in (FOLDER / "bad").glob("[A-Z]*.py"))
GOOD = sorted(f"good.{path.stem}" for path in (FOLDER / "good").glob("[a-z]*.py"))

SLOW = ("D", "R10", "S13")
"""A simulated GPU, a second process and the growth of memory take seconds; mutants of other checks
do without."""

Record = Callable[[str, object], None]


class Runs:
    """Reports by submission. The next submission runs while a test looks at the last one's."""

    def __init__(self, order: Sequence[str], weights: Path) -> None:
        self._order = list(order)
        self._weights = weights
        self._pool = ThreadPoolExecutor(2)
        self._started: dict[str, Future[Report]] = {}

    def report(self, submission: str) -> Report:
        begin = self._order.index(submission) if submission in self._order else len(self._order)
        for name in dict.fromkeys((submission, *self._order[begin : begin + 2])):
            if name not in self._started:
                self._started[name] = self._pool.submit(self._run, name)
        return self._started[submission].result()

    def _run(self, submission: str) -> Report:
        said = stated(submission)
        options: dict[str, Any] = dict(said.get("OPTIONS", {}))
        if submission.startswith("bad."):
            options["skip"] = tuple(
                id_ for id_ in SLOW if not expected_id(submission).startswith(id_)
            )
        weights = self._weights if said.get("WEIGHTS") else None
        return validate(submission, weights, **options)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def stated(submission: str) -> dict[str, Any]:
    """The constants of a submission, which may not be importable."""
    tree = ast.parse((FOLDER / f"{submission.replace('.', '/')}.py").read_text("utf-8"))
    found = {}
    for node in tree.body:
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
        # Two workers share the cores: their threads must not spin while they wait.
        patch.setenv("OMP_WAIT_POLICY", "PASSIVE")
        made = Runs([] if "PYTEST_XDIST_WORKER" in os.environ else order, weights)
        yield made
        made.close()


def told(results: Sequence[Result]) -> str:
    """Findings and failures of our own, for the message of a failed test."""
    return "\n".join(
        f"{r.check.id} {r.status.value}: {r.verdict.seen if r.verdict else r.why}"
        for r in results
        if r.is_finding or r.status is Status.BROKEN
    )


def record(properties: Record, submission: str, found: set[str], seen: str) -> None:
    id_ = expected_id(submission) if submission.startswith("bad.") else "-"
    properties(PROPERTY, (id_, submission, " ".join(sorted(found)), seen))


@pytest.mark.parametrize("submission", BAD)
def test_each_defect_is_found_by_its_own_check_alone(
    submission: str, runs: Runs, record_property: Record
) -> None:
    report = runs.report(submission)
    expected = {expected_id(submission), *stated(submission).get("ALSO", ())}
    found = {r.check.id: r for r in report.results if r.is_finding}
    record(record_property, submission, set(found), outcome(expected, set(found)))

    assert not report.not_found
    assert report.counts()[Status.BROKEN] == 0, told(report.results)
    assert set(found) == expected, told(report.results)
    for result in found.values():
        wanted = Status.FAILED if result.check.severity is Severity.ERROR else Status.WARNED
        assert result.status is wanted
        assert result.verdict is not None
        assert result.verdict.expected
        compile(result.verdict.snippet, "snippet", "exec")


@pytest.mark.parametrize("submission", GOOD)
def test_a_good_submission_is_accepted(
    submission: str, runs: Runs, record_property: Record
) -> None:
    report = runs.report(submission)
    expected = set(stated(submission).get("WARNINGS", ()))
    found = {r.check.id for r in report.results if r.is_finding}
    record(record_property, submission, found, outcome(set(), found - expected))

    assert report.counts()[Status.BROKEN] == 0, told(report.results)
    assert found == expected, told(report.results)
    assert report.conforms
