"""The plugin as a participant uses it: pytest in a folder of their own, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from validator.checks import CATALOGUE

GOOD = """
import torch

class Model(torch.nn.Module):
    sample_rate, scene_embedding_size, timestamp_embedding_size = 16000, 401, 401

def load_model(model_file_path=""):
    return Model()

def get_timestamp_embeddings(audio, model):
    frames = torch.nn.functional.pad(audio, (400, 400)).unfold(1, 800, 800)
    centres = 50.0 * torch.arange(frames.shape[1], device=audio.device)
    return torch.fft.rfft(frames).abs().log1p(), centres.expand(len(audio), -1)

def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "seconds.py").write_text(GOOD.replace("50.0 *", "0.05 *"))
    (tmp_path / "renamed.py").write_text(GOOD.replace("model_file_path", "path"))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_own.py").write_text("def test_own(): pass\n")

    def pytest_with(
        *arguments: str, settings: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        (tmp_path / "pyproject.toml").write_text(
            f"[tool.pytest.ini_options]\ntestpaths = ['tests']\n[tool.hear-validate]\n{settings}\n"
        )
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={k: v for k, v in os.environ.items() if "PYTEST" not in k} | environment,
            timeout=300,
        )

    return pytest_with


def last(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout.splitlines()[-1]


def test_every_check_is_a_test_named_by_its_id(run: Run) -> None:
    done = run("--hear-module", "good", "--collect-only", "-q")
    collected = set(done.stdout.split())
    assert {f"hear-validate::{check.id}" for check in CATALOGUE} <= collected
    assert "tests/test_own.py::test_own" in collected


def test_a_good_submission_passes(run: Run) -> None:
    done = run("--hear-module", "good", settings="select = ['M', 'T01']")
    assert done.returncode == 0, done.stdout
    assert "hear-validate: good" in done.stdout
    assert "failed" not in last(done)


def test_a_finding_is_the_failure_text_without_a_traceback(run: Run) -> None:
    done = run("--hear-module", "seconds", "-k", "T01", "-v")
    assert done.returncode == 1
    assert "hear-validate::T01 FAILED" in done.stdout
    for words in ("seconds", "expected", "fix", "import seconds"):
        assert words in done.stdout
    assert "Traceback" not in done.stdout
    assert "pytest_plugin.py" not in done.stdout


def test_only_what_is_chosen_and_what_it_needs_runs(run: Run) -> None:
    done = run("--hear-module", "good", "-k", "M01")
    assert last(done).startswith("=") is True
    assert "1 passed" in last(done)
    assert "deselected" in last(done)


def test_a_chosen_check_fails_for_what_it_needs_where_that_is_not_chosen(run: Run) -> None:
    done = run("--hear-module", "seconds", "-k", "T04")
    assert done.returncode == 1
    assert "T01" in done.stdout


def test_what_needs_a_failed_check_is_skipped_with_the_reason(run: Run) -> None:
    done = run("--hear-module", "seconds", "-k", "T01 or T04", "-rs")
    assert "1 failed, 1 skipped" in last(done)
    assert "needs T01, which found a defect" in done.stdout


def test_a_mark_chooses_the_checks_or_leaves_them_out(run: Run) -> None:
    done = run("--hear-module", "good", "-m", "not hear", "--strict-markers")
    assert "1 passed" in last(done)
    assert f"{len(CATALOGUE) + 1} deselected" in last(done)


def test_the_first_failure_stops_the_run(run: Run) -> None:
    done = run("--hear-module", "seconds", "-x", "-m", "hear")
    assert "1 failed" in last(done)
    assert "stopping after 1 failures" in done.stdout


def test_a_warning_is_told_and_passes(run: Run) -> None:
    done = run("--hear-module", "renamed", "-k", "I04")
    assert done.returncode == 0
    assert "1 passed" in last(done)
    assert "1 warning" in last(done)
    assert "parameters have the names of the API" in done.stdout


def test_a_warning_fails_a_strict_run(run: Run) -> None:
    done = run("--hear-module", "renamed", "-k", "I04", "--hear-strict")
    assert "1 failed" in last(done)


def test_an_expected_failure_is_one_until_it_passes(run: Run) -> None:
    settings = "[tool.hear-validate.expected-failures]\nT01 = 'issue 12'"
    failing = run("--hear-module", "seconds", "-k", "T01", "-rx", settings=settings)
    assert failing.returncode == 0
    assert "1 xfailed" in last(failing)
    assert "issue 12" in failing.stdout
    passing = run("--hear-module", "good", "-k", "T01", settings=settings)
    assert passing.returncode == 1
    assert "was expected to fail (issue 12), but passes" in passing.stdout


def test_settings_make_plain_pytest_validate(run: Run) -> None:
    done = run(settings="module = 'good'\nselect = ['M01', 'O04']")
    assert done.returncode == 0, done.stdout
    assert "skipped" in last(done)


def test_tests_that_are_asked_for_by_name_run_alone(run: Run) -> None:
    done = run("tests/test_own.py", settings="module = 'good'")
    assert last(done).count("1 passed") == 1
    assert "skipped" not in last(done)


@pytest.mark.parametrize("asked", ["by option", "by settings"])
def test_processes_of_xdist_share_the_checks(run: Run, asked: str) -> None:
    arguments = ("--hear-module", "seconds") if asked == "by option" else ()
    settings = "module = 'seconds'" if asked == "by settings" else ""
    done = run("-n", "2", "-k", "T01 or M01 or own", *arguments, settings=settings)
    assert "1 failed, 2 passed" in last(done), done.stdout
    assert "looks" in done.stdout or "seconds" in done.stdout


def test_a_run_in_which_all_was_left_out_is_not_green(run: Run) -> None:
    done = run(settings="module = 'good'\nselect = ['I02']")
    assert done.returncode == 1
    assert "nothing is known of them" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--hear-module", "nowhere"), "there is no module 'nowhere'"),
        (("--hear-module", "good", "--hear-weights", "none.pt"), "none.pt: there is no such file"),
        (("--hear-weights", "none.pt"), "--hear-weights needs --hear-module"),
        (("--hear-module", "good", "--hear-device", "gpu"), "there is no device 'gpu'"),
    ],
)
def test_what_cannot_be_validated_is_one_line(
    run: Run, arguments: tuple[str, ...], message: str
) -> None:
    done = run(*arguments)
    assert done.returncode == 4
    (line,) = filter(None, done.stderr.splitlines())
    assert line.startswith("ERROR: hear-validate: ")
    assert message in line


def test_nothing_heavy_is_imported_where_nothing_is_validated() -> None:
    code = "import sys, validator.pytest_plugin; print({'torch', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "set()\n"
