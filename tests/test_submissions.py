"""Every submission of `submissions/`: the mutation table.

Each check's first mutant, all faults and all good submissions go through the real worker, and
through every check. Further mutants that only compute go through the same checks in one process;
those that do more go through the real worker and their own check with what it requires. The first
mutants of the interface and of side effects, and what changes how PyTorch is imported, have a new
process as first worker, as users have; the others fork it (`prefork`).

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
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from validator import validate

from .computing import Computing, Plain
from .mutation_table import PROPERTY, outcome
from .needs import require
from .prefork import Templates, forked_runs

HERE = Path(__file__).parent
FOLDER = HERE / "submissions"
BAD = sorted(f"bad.{path.stem}" for path in (FOLDER / "bad").glob("[A-Z]*.py"))
GOOD = sorted(f"good.{path.stem}" for path in (FOLDER / "good").glob("[a-z]*.py"))

FIRST = {min(group) for _, group in itertools.groupby(BAD, lambda s: s.partition("_")[0])}
"""Each check's first mutant."""

SLOW = ("D", "S13")
"""A simulated GPU and the growth of memory take seconds; mutants of other checks do without."""

OPTIONAL = {"librosa", "torchaudio", "scipy", "transformers"}
"""Libraries that a submission may use and `.[test]` does not bring."""

NEW = "IS"
"""Families whose first mutants have a new process as first worker."""

BEFORE_IMPORT = ("environ", "putenv", "num_threads")
"""What changes how PyTorch is imported, or is imported with."""

ELSEWHERE = ("R08", "R10")
"""These compare with a new process, which shares nothing with the first."""

HARMLESS = {"base", "drawn", "good", "torch", "numpy", "math", "functools", "typing"}
"""What a submission that only computes imports."""

Record = Callable[[str, object], None]


class Runs:
    """Reports of submissions, as `Report.to_dict` has them.

    Args:
        weights: A checkpoint of the base submission.
    """

    def __init__(self, weights: Path) -> None:
        self._weights = weights
        self._computing = Computing()
        self._templates = Templates()

    def report(self, submission: str) -> Plain:
        require(*(imported_by(submission) & OPTIONAL))
        weights = self._weights if stated(submission).get("WEIGHTS") else None
        if only_computes(submission):
            return self._computing.report(submission, weights, options(submission))
        with forked_runs(self._templates) if is_forked(submission) else nullcontext():
            return validate(submission, weights, **options(submission)).to_dict()

    def close(self) -> None:
        self._templates.close()
        self._computing.close()


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
    id_ = expected_id(submission)
    return id_[0] in "MOTRL" and id_ not in ELSEWHERE and imported_by(submission) <= HARMLESS


def is_forked(submission: str) -> bool:
    """Whether the first worker may be forked from a process that has imported PyTorch."""
    if submission in FIRST and expected_id(submission)[0] in NEW:
        return False
    return not any(word in text(submission) for word in BEFORE_IMPORT)


def imported_by(submission: str) -> set[str]:
    """The packages that a submission's file imports."""
    imported: set[str] = set()
    for node in ast.walk(parsed(submission)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    return imported


def parsed(submission: str) -> ast.Module:
    return ast.parse(text(submission))


@functools.cache
def text(submission: str) -> str:
    return (FOLDER / f"{submission.replace('.', '/')}.py").read_text("utf-8")


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
def runs(weights: Path) -> Iterator[Runs]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(FOLDER)
        # Several tests share the cores: their threads must not wait for each other.
        patch.setenv("OMP_NUM_THREADS", "1")
        made = Runs(weights)
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
