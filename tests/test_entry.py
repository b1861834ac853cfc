"""The commands and pytest next to other things that are called `validator`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUBMISSION = """
import torch
from validator import LIMIT

class Model(torch.nn.Module):
    sample_rate, scene_embedding_size, timestamp_embedding_size = 16000, 401, LIMIT

def load_model(model_file_path=""):
    return Model()

def get_timestamp_embeddings(audio, model):
    frames = torch.nn.functional.pad(audio, (400, 400)).unfold(1, 800, 800)
    centres = 50.0 * torch.arange(frames.shape[1], device=audio.device)
    return torch.fft.rfft(frames).abs().log1p(), centres.expand(len(audio), -1)

def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
"""

TESTS = """
from validator import LIMIT

def test_the_repositorys_own_module_is_meant():
    assert LIMIT == 401
"""


@pytest.fixture(params=["module", "package"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A participant's repository that has a `validator` of its own."""
    if request.param == "module":
        (tmp_path / "validator.py").write_text("LIMIT = 401\n")
    else:
        (tmp_path / "validator").mkdir()
        (tmp_path / "validator" / "__init__.py").write_text("LIMIT = 401\n")
        (tmp_path / "validator" / "cli.py").write_text("raise SystemExit('the wrong one')\n")
    (tmp_path / "inner.py").write_text(SUBMISSION)
    (tmp_path / "test_own.py").write_text(TESTS)
    return tmp_path


def run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    script = Path(sys.executable).with_name(command[0])
    program = [str(script)] if script.exists() else [sys.executable, "-m", command[0]]
    return subprocess.run(
        [*program, *command[1:]],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("variables", [{}, {"PYTHONPATH": "."}], ids=["plain", "on the path"])
def test_hear_validate_works_and_the_submission_gets_its_own(
    repository: Path, variables: dict[str, str]
) -> None:
    done = run(repository, "hear-validate", "inner", "--select", "O01", **_with_us(variables))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "inner conforms" in done.stdout


@pytest.mark.parametrize("start", [("pytest",), ("python", "-m", "pytest")], ids=" ".join)
def test_the_repositorys_own_tests_run(repository: Path, start: tuple[str, ...]) -> None:
    command = (*start, "-q", "-p", "no:cacheprovider", "test_own.py")
    done = run(repository, *command, **_with_us({}))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_its_own_tests_and_the_checks_run_in_one_run(repository: Path) -> None:
    done = run(
        repository, "pytest", "-q", "-p", "no:cacheprovider", "--hear-module", "inner",
        "-k", "own or I01 or M01 or embeddings", **_with_us({}),
    )  # fmt: skip
    assert "test_own.py" in done.stdout or "passed" in done.stdout
    assert "error" not in done.stdout.lower(), done.stdout
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert "I01" not in _failed(done.stdout)
    assert "test_own" not in _failed(done.stdout)


def test_hear_init_works_there(repository: Path) -> None:
    done = run(repository, "hear-init", "my_model", **_with_us({}))
    assert done.returncode == 0, done.stderr
    assert (repository / "my_model" / "pyproject.toml").is_file()


def _failed(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.startswith("FAILED"))


def _with_us(variables: dict[str, str]) -> dict[str, str]:
    """The variables, so that the packages of this checkout are the ones that are found."""
    checkout = str(Path(__file__).parent.parent)
    given = [*filter(None, [variables.get("PYTHONPATH"), checkout])]
    return {"PYTHONPATH": os.pathsep.join(given)}


@pytest.mark.parametrize("path", ["src", "./src", "src/../src", "nowhere:src"])
def test_relative_entries_of_the_path_mean_what_they_mean_to_python(
    tmp_path: Path, path: str
) -> None:
    (tmp_path / "src" / "pack").mkdir(parents=True)
    (tmp_path / "src" / "pack" / "__init__.py").write_text(SUBMISSION)
    (tmp_path / "src" / "validator.py").write_text("LIMIT = 401\n")
    for command in (
        ("hear-validate", "pack", "--select", "M01"),
        ("pytest", "-q", "-p", "no:cacheprovider", "--hear-module", "pack", "-k", "I01 or M01"),
    ):
        done = run(tmp_path, *command, **_with_us({"PYTHONPATH": path}))
        assert "no module" not in done.stdout + done.stderr
        assert done.returncode == (1 if command[0] == "hear-validate" else 0), (
            done.stdout + done.stderr
        )
    wav = Path(__file__).parent / "data" / "audio" / "misc_crow.flac"
    done = run(
        tmp_path, "hear-embed", str(wav), "--out", "out", "--module", "pack",
        **_with_us({"PYTHONPATH": path}),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("inner", "--module", "other"), "name it once"),
        (("inner", "weights.pt", "--weights", "other.pt"), "name it once"),
        (("inner", "weights.pt", "third"), "nothing follows"),
        (("--module", "inner", "--weights", "none.pt"), "there is no such file"),
        (("--module", "inner", "--model", "none.pt"), "there is no such file"),
        (("--module", "inner", "--device", "tpu"), "there is no device 'tpu'"),
        (("inner.py",), "give a module's name, not a path"),
    ],
)
def test_a_submission_is_named_in_one_grammar(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = run(tmp_path, "hear-validate", *arguments, **_with_us({}))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("hear-validate: ")
    assert words in line
    assert done.stdout == ""
