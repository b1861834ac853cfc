"""The installed `hear-validate`: what it prints, and its exit statuses."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import torch

import validator

from .processes import interruptible

NEEDS = ("jsonschema",)

SCHEMA = json.loads((Path(validator.__file__).parent / "report.schema.json").read_text("utf-8"))
BASE = Path(__file__).parent / "submissions" / "base.py"
COMMAND = str(Path(sys.executable).with_name("hear-validate"))

Validate = Callable[..., subprocess.CompletedProcess[str]]

ONE_CHECK = ("--select", "O03")
"""Enough to see a run; all checks take ten seconds."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with good and bad submissions."""
    shutil.copy(BASE, tmp_path / "good.py")
    bad = {
        "raises": "1 / 0",
        "exits": "import sys; sys.exit(0)",
        "lacks": "import not_installed_anywhere",
        "seconds": "from good import *\nfrom good import get_timestamp_embeddings as g\n"
        "def get_timestamp_embeddings(audio, model):\n"
        "    embeddings, times = g(audio, model)\n    return embeddings, times / 1000\n",
        "named": "from good import *\ndef load_model(path=''):\n    return Model().eval()\n",
        "accent": "raise ValueError('l\u2019été …')",
        "waits": "import time, pathlib; pathlib.Path('waiting').touch(); time.sleep(300)",
    }
    for name, text in bad.items():
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Validate:
    def validate(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            env=os.environ | environment,
            timeout=300,
        )

    return validate


def test_a_good_submission_exits_with_0(run: Validate) -> None:
    done = run("good", *ONE_CHECK)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1].startswith("good conforms: ")
    assert "left out by --select" in done.stdout.splitlines()[-1]
    assert "\x1b" not in done.stdout


def test_a_defect_exits_with_1_and_its_snippet_reproduces_it(run: Validate, folder: Path) -> None:
    done = run("seconds", "--select", "T01", "--json", "report.json")
    assert done.returncode == 1
    assert "These look like seconds: multiply by 1000." in " ".join(done.stdout.split())
    report = json.loads((folder / "report.json").read_text())
    (finding,) = [r for r in report["results"] if r["status"] == "failed"]
    assert finding["id"] == "T01"
    snippet = subprocess.run(
        [sys.executable, "-c", finding["snippet"]], cwd=folder, capture_output=True, text=True
    )
    assert snippet.returncode == 0, snippet.stderr
    assert "2.98" in snippet.stdout


def test_the_module_form_is_the_same_command(folder: Path) -> None:
    command = [sys.executable, "-m", "validator", "good", *ONE_CHECK, "-q"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("module", ["raises", "exits", "lacks"])
def test_a_module_that_does_not_import_is_the_submissions_fault(run: Validate, module: str) -> None:
    done = run(module)
    assert done.returncode == 1
    assert "FAIL I01" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "needs I01, which found a defect" in done.stdout


def test_debug_shows_the_submissions_traceback(run: Validate) -> None:
    assert "raises.py" in run("raises", "--debug").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name the module"),
        (["no_such_module"], "there is no module 'no_such_module'"),
        (["no.such.module"], "there is no module 'no.such.module'"),
        (["./good.py"], "for example good"),
        (["package/good.py"], "for example package.good"),
        (["/elsewhere/good.py"], "for example good, run from /elsewhere"),
        (["good", "weights.pt", "more"], "more: after the module and its weights nothing"),
        (["good", "--all"], "add --compare"),
        (["good", "gone.pt"], "gone.pt: there is no such file"),
        (["good", "--select", "Z9"], "no check is called 'Z9'"),
        (["good", "--skip", "nothing"], "no check is called 'nothing'"),
        (["good", "--device", "tpu"], "no device 'tpu'"),
        (["good", "--timeout", "0"], "--timeout must be"),
        (["good", "--profile", "organiser", "--skip", "D"], "organiser's profile"),
        (["good", "--seed", "one"], "not a valid integer"),
        (["good", "--seed", "-1"], "--seed must be"),
        (["good", "--json", "no/such/folder/x.json"], "there is no folder"),
        (["good", "--badge", "."], ".: is a folder"),
        (["good", "--json", "x", "--junit", "./x"], "two reports"),
        (["good", "--colour"], "No such option"),
        (["--explain", "Z9"], "no check is called 'Z9'"),
        (["--explain", ""], "no check is called ''"),
    ],
)
def test_a_mistake_in_use_is_one_line_and_2(
    run: Validate, arguments: list[str], words: str
) -> None:
    done = run(*arguments)
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("hear-validate: ")
    assert words in line


def test_all_files_are_written(run: Validate, folder: Path) -> None:
    files = ("--json", "r.json", "--junit", "r.xml", "--sarif", "r.sarif", "--badge", "r.svg")
    done = run("good", *ONE_CHECK, *files, "--html", "r.html", "--seed", "5")
    assert done.returncode == 0
    report = json.loads((folder / "r.json").read_text())
    jsonschema.validate(report, SCHEMA)
    assert report["seed"] == 5
    assert f"torch {torch.__version__}" in report["environment"]["worker"]["frameworks"][0]
    assert ET.parse(folder / "r.xml").getroot().tag == "testsuites"
    sarif = json.loads((folder / "r.sarif").read_text())
    assert sarif["runs"][0]["properties"]["module"] == "good"
    assert "conforms" in (folder / "r.svg").read_text()
    page = (folder / "r.html").read_text("utf-8")
    assert "<h1><code>good</code>" in page
    assert 'id="similarity"' in page


def test_a_page_without_matplotlib_is_refused_before_the_run(folder: Path) -> None:
    code = "import sys; sys.modules['matplotlib'] = None; import validator.cli as c; c.main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "waits", "--html", "r.html"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "pip install 'hearbaseline[html]'" in line
    assert not (folder / "waiting").exists()
    assert not (folder / "r.html").exists()


def test_strict_fails_on_warnings(run: Validate) -> None:
    assert run("named", "--select", "I04", "--select", "O03").returncode == 0
    assert run("named", "--select", "I04", "--select", "O03", "--strict").returncode == 1


def test_expected_failures_are_accepted_and_turn_red_when_they_pass(
    run: Validate, folder: Path
) -> None:
    (folder / "pyproject.toml").write_text(
        "[tool.hear-validate.expected-failures]\nT01 = 'fixed in the next version'\n"
    )
    done = run("seconds", "--select", "T01")
    assert done.returncode == 0, done.stdout
    assert "fixed in the next version" in done.stdout
    done = run("good", "--select", "T01")
    assert done.returncode == 1
    assert "XPASS" in done.stdout


def test_settings_name_the_submission(run: Validate, folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.hear-validate]\nmodule = "seconds"\n')
    assert run("--select", "T01").returncode == 1
    assert run("good", "--select", "T01").returncode == 0
    done = run("--profile", "organiser")
    assert done.returncode == 2
    assert "name the module" in done.stderr


def test_a_run_without_behavioural_checks_is_not_green(run: Validate) -> None:
    done = run("good", "--select", "I02")
    assert done.returncode == 1
    assert "nothing is known of them" in done.stdout


def test_list_explain_and_version_need_no_submission(run: Validate) -> None:
    assert "T11" in run("--list").stdout
    assert "half a window" in " ".join(run("--explain", "t11").stdout.split())
    assert run("--version").stdout == run("-V").stdout
    assert "version" in run("-V").stdout


@pytest.mark.parametrize("arguments", [("--list",), ("--explain", "T"), ("--help",), ("-V",)])
def test_what_needs_no_submission_imports_no_more_than_it_needs(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    imported = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "validator", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    modules = {line.rpartition("|")[2].strip() for line in imported.splitlines()}
    assert "validator.cli" in modules
    heavy = {
        "torch",
        "tensorflow",
        "librosa",
        "scipy",
        "rich",
        "psutil",
        "soxr",
        "jinja2",
        "matplotlib",
        "multiprocessing",
    }
    if arguments[0] in ("--help", "-V"):  # the checks themselves, which --list names, use it
        heavy.add("numpy")
    assert not modules & heavy


def test_importing_the_validator_imports_no_framework(folder: Path) -> None:
    code = (
        "import sys, validator; validator.validate; "
        "print(sorted({'torch', 'tensorflow', 'librosa', 'torchaudio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_weights_may_be_a_folder(run: Validate, folder: Path) -> None:
    (folder / "checkpoint").mkdir()
    done = run("named", "checkpoint", *ONE_CHECK, "--json", "r.json")
    assert done.returncode == 0, done.stdout
    assert json.loads((folder / "r.json").read_text())["weights"] == "checkpoint"


def test_a_report_on_standard_output_stands_alone(run: Validate) -> None:
    done = run("good", *ONE_CHECK, "--json", "-")
    assert done.returncode == 0
    jsonschema.validate(json.loads(done.stdout), SCHEMA)


@pytest.mark.parametrize(
    ("encoding", "printed"),
    [("ascii", "ValueError: l\u2019\xe9t\xe9"), ("koi8-r", r"ValueError: l\u2019\xe9t\xe9")],
)
def test_a_terminal_without_unicode_is_no_error(run: Validate, encoding: str, printed: str) -> None:
    done = run("accent", PYTHONIOENCODING=encoding, PYTHONUTF8="0", LC_ALL="C")
    assert done.returncode == 1
    assert done.stderr == ""
    assert printed in done.stdout


def test_a_closed_pipe_is_no_error_and_files_are_written_all_the_same(folder: Path) -> None:
    for command, first in (("--list", "Device\n"), ("good --select O03 --json r.json", "")):
        piped = subprocess.run(
            ["bash", "-o", "pipefail", "-c", f"{COMMAND} {command} | head -c {len(first)}"],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert (piped.returncode, piped.stdout, piped.stderr) == (0, first, "")
    assert json.loads((folder / "r.json").read_text())["conforms"]


def test_an_error_of_ours_is_one_line_unless_debugged(folder: Path) -> None:
    code = "import validator.api, validator.cli as c; validator.api.examined = None; c.main()"
    for more, lines in (([], 1), (["--debug"], 2)):
        done = subprocess.run(
            [sys.executable, "-c", code, "good", *more], cwd=folder, capture_output=True, text=True
        )
        assert done.returncode == 2
        assert min(len(done.stderr.splitlines()), 2) == lines
        assert "TypeError: 'NoneType' object is not callable" in done.stderr
        last = done.stderr.splitlines()[-1]
        assert last.startswith("hear-validate: stopped by an unexpected TypeError")


def test_an_interrupt_is_one_line_and_leaves_no_worker(folder: Path) -> None:
    running = interruptible([COMMAND, "waits"], cwd=folder, stderr=subprocess.PIPE)
    for _ in range(600):
        if (folder / "waiting").exists():
            break
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert errors.strip() == "hear-validate: interrupted"
