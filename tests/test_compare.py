"""Several submissions side by side: what is accepted, run, told and returned."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import validator
from validator import UsageError
from validator.compare import Entry, entries

NEEDS = ("jsonschema",)

SCHEMA = json.loads((Path(validator.__file__).parent / "report.schema.json").read_text("utf-8"))
BASE = Path(__file__).parent / "submissions" / "base.py"
COMMAND = str(Path(sys.executable).with_name("hear-validate"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good submission that may have weights, and a bad one."""
    shutil.copy(BASE, tmp_path / "good.py")
    (tmp_path / "wide.py").write_text(
        "from good import *\ndef load_model(path=''):\n"
        "    model = Model().eval()\n    model.scene_embedding_size = 7\n    return model\n"
    )
    (tmp_path / "no_weights.pt").write_text("not a checkpoint")
    return tmp_path


def compared(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments, "--compare"],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "120"},
        timeout=300,
    )


def cells(done: subprocess.CompletedProcess[str], begin: str) -> list[str]:
    """The cells of the printed line that begins so."""
    (line,) = [one for one in done.stdout.splitlines() if one.startswith(begin)]
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_modules_stand_side_by_side_and_differences_are_printed(folder: Path) -> None:
    done = compared(folder, "good", "wide", "--select", "O04", "--json", "r.json")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.split("\n")[0].split() == ["good", "wide"]
    assert cells(done, "verdict")[1:] == ["conforms", "does not conform"]
    assert cells(done, "sample rate")[1:] == ["16000 Hz", "16000 Hz"]
    assert cells(done, "scene embedding")[1:] == ["48", "7"]
    assert cells(done, "O04")[1:] == ["ok", "FAIL"]
    assert "O03" not in done.stdout
    assert done.stdout.splitlines()[-1] == (
        "2 submissions: 1 conforms, 1 does not conform. They differ in 1 of 69 checks."
    )
    found = json.loads((folder / "r.json").read_text())
    assert (found["schema_version"], found["exit_status"]) == (2, 1)
    assert [one["name"] for one in found["submissions"]] == ["good", "wide"]
    for one in found["submissions"]:
        jsonschema.validate(one["report"], SCHEMA)
    figures = {f["name"]: f["value"] for f in found["submissions"][1]["key_figures"]}
    assert figures["scene embedding"] == 7
    assert figures["hop"] is None
    assert figures["peak memory"] > 50


def test_all_prints_what_they_agree_in_too(folder: Path) -> None:
    done = compared(folder, "good", "wide", "--select", "M", "--all")
    assert done.returncode == 1  # nothing is known of the embeddings
    assert cells(done, "M01")[1:] == ["ok", "ok"]


def test_a_module_that_does_not_exist_does_not_stop_the_others(folder: Path) -> None:
    arguments = ("gone", "good", "good=gone.pt", "--select", "O04", "--html", "r.html")
    done = compared(folder, *arguments)
    assert (done.returncode, done.stderr) == (2, "")
    assert cells(done, "verdict")[1:] == ["could not be run", "conforms", "could not be run"]
    assert "gone could not be run: there is no module 'gone'" in done.stdout
    assert "gone.pt: there is no such file" in done.stdout
    assert "1 conforms, 2 could not be run" in done.stdout.splitlines()[-1]
    page = (folder / "r.html").read_text("utf-8")
    assert "there is no module" in page


def test_one_module_with_other_weights_is_another_submission(folder: Path) -> None:
    done = compared(folder, "good", "good=no_weights.pt", "--select", "O04", "-q")
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert line.startswith("2 submissions: 1 conforms, 1 does not conform.")


def test_what_keeps_all_from_being_run_is_one_line(folder: Path) -> None:
    done = compared(folder, "good", "wide", "--select", "Z9")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "no check is called 'Z9'" in line


@pytest.mark.parametrize("option", ["--junit", "--sarif", "--badge"])
def test_formats_of_one_run_are_refused(folder: Path, option: str) -> None:
    done = compared(folder, "good", "wide", option, "file")
    assert done.returncode == 2
    assert f"--compare writes --json, --html, not {option}" in done.stderr


def test_a_module_may_have_weights() -> None:
    assert entries(["a.b", "a.b=runs/lr=0.1.pt"]) == [
        Entry("a.b", "a.b"),
        Entry("a.b=runs/lr=0.1.pt", "a.b", "runs/lr=0.1.pt"),
    ]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["one"], "two modules or more"),
        (["one", "one"], "one: is given twice"),
        (["one", "two="], "write module=weights"),
        (["one", "=two.pt"], "write module=weights"),
        (["one", "two:w.pt"], "after an equals sign: two=w.pt"),
        (["one", "no_weights.pt"], "write my_module=no_weights.pt"),
    ],
)
def test_what_is_ambiguous_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], words: str
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(UsageError, match=words):
        entries(names)
