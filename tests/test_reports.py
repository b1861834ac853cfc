"""What was found is printed first, and each report is written on its own."""

import errno
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hearkit.errors import OutOfTimeError
from hearkit.text import printable
from validator import Options, Report, Status
from validator.asking.session import Session
from validator.checks import CATALOGUE
from validator.cli import _tell
from validator.pytest_plugin import _told
from validator.render import RENDERERS
from validator.report import Result
from validator.runner import Runner

from .in_memory import opened, tried

ESCAPES = "\x1b[2J\x1b]0;owned\x07"


def report(file: str = "") -> Report:
    seen = tried("M01", f"from base import *\nModel.sample_rate = {ESCAPES!r}", runs=False)
    return Report("m", "", "cpu", "participant", 0, {}, (seen.result,), file=file)


def failing(error: Exception) -> Callable[[Report], str]:
    def render(_: Report) -> str:
        raise error

    return render


@pytest.mark.parametrize(
    "error", [ValueError("Out of range float"), RecursionError("deep"), MemoryError()]
)
def test_a_report_that_cannot_be_made_costs_none_of_the_others(
    error: Exception, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {kind: str(tmp_path / kind) for kind in ("json", "junit", "sarif")}
    renderers = {**RENDERERS, "junit": failing(error)}
    assert _tell(report(), lambda _: "printed\n", files, renderers) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["json", "sarif"]
    printed = capsys.readouterr()
    assert printed.out == "printed\n"
    assert printed.err.count("\n") == 1
    assert "--junit" in printed.err


def test_a_full_disk_loses_one_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"json": str(tmp_path / "no folder" / "json"), "sarif": str(tmp_path / "sarif")}
    assert _tell(report(), lambda _: "printed\n", files, RENDERERS) == 2
    assert json.loads((tmp_path / "sarif").read_text())["version"] == "2.1.0"
    printed = capsys.readouterr()
    assert printed.out == "printed\n"
    assert "no folder" in printed.err

    def full(_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stdout", None)
    assert _tell(report(), full, {}, RENDERERS) == 2


def test_a_lone_surrogate_is_written_escaped(tmp_path: Path) -> None:
    odd = replace(report(file="/tmp/\ud800.py"), weights="\ud800.pt")
    files = {kind: str(tmp_path / kind) for kind in ("json", "junit", "sarif")}
    assert _tell(odd, lambda _: "\ud800", files, RENDERERS) in (0, 2)
    for kind in files:
        assert (tmp_path / kind).read_text("utf-8")


def test_nothing_raw_reaches_a_terminal() -> None:
    result = report().results[0]
    assert "owned" in _told(result)
    for text in (_told(result), *(render(report()) for render in (RENDERERS["json"],))):
        assert not set(text) & set("\x1b\x07")
    noted = replace(result, verdict=None, note=ESCAPES)
    assert _told(noted) == printable(_told(noted))


RATES = ("0", "-16000", "float('nan')", "float('inf')", "2 * 10**8", "10**12", "10**400",
         "-(10**400)", "'16000'", "None", "[16000]", "16000j", "property(lambda self: 1 / 0)",
         "type('Odd', (int,), {'__repr__': lambda self: 1 / 0, '__float__': lambda self: 'x'})(7)",
         )  # fmt: skip


@pytest.mark.parametrize("rate", RATES)
def test_a_hostile_sample_rate_fails_m01_and_breaks_nothing(rate: str) -> None:
    results = _results(f"from base import *\nModel.sample_rate = {rate}")
    assert {r.check.id for r in results if r.is_finding} == {"M01"}
    assert not [r.why for r in results if r.status is Status.BROKEN]


@pytest.mark.parametrize("size", ["10**400", "-1", "float('nan')", "property(lambda self: 1 / 0)"])
def test_a_hostile_size_fails_m02_and_the_rest_goes_on(size: str) -> None:
    results = _results(f"from base import *\nModel.scene_embedding_size = {size}", ("M", "O"))
    assert {r.check.id for r in results if r.is_finding} == {"M02"}
    assert not [r.why for r in results if r.status is Status.BROKEN]
    assert {r.check.id for r in results if r.status is Status.PASSED} >= {"O03", "O07", "O08"}


def _results(code: str, select: tuple[str, ...] = ("M", "O", "T01", "S09")) -> tuple[Result, ...]:
    with opened(code) as session:
        return Runner(CATALOGUE, session, Options(select=select)).run()


def test_a_run_without_time_fails_once_and_is_not_green() -> None:
    class Late(Session):
        def facts(self):  # type: ignore[no-untyped-def]
            raise OutOfTimeError("load_model(): the whole run had 5 s, which are used up")

    with opened("from base import *") as session:
        session.__class__ = Late
        results = Runner(CATALOGUE, session, Options()).run()
    failed = [r for r in results if r.status is Status.FAILED]
    assert len(failed) == 1
    assert failed[0].verdict is not None
    assert "5 s" in failed[0].verdict.seen
    late = [r.why for r in results if r.status is Status.SKIPPED and "used up" in r.why]
    assert len(late) > 40
