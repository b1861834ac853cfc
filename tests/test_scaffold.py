"""`hear-init`: what it writes works as it stands, and what it refuses leaves nothing behind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hearkit.errors import UsageError
from validator.scaffold import start

from .environments import CHECKOUT, fresh_environment, program, variables

DOCS = (CHECKOUT / "docs/starting.md").read_text("utf-8")
COMMAND = Path(sys.executable).with_name("hear-init")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with this distribution installed from a wheel."""
    folder = tmp_path_factory.mktemp("environment")
    made = fresh_environment(folder / "venv")
    done = program(made, "python", "-m", "pip", "install", CHECKOUT, cwd=folder)
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def written(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission package, written and installed by the fresh environment's own programs."""
    folder = tmp_path_factory.mktemp("written")
    done = program(programs, "hear-init", "my_model", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "cd my_model && pip install" in done.stdout
    done = program(programs, "python", "-m", "pip", "install", "./my_model", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "my_model"


def test_it_passes_hear_validate_without_a_finding(programs: Path, written: Path) -> None:
    done = program(programs, "hear-validate", "--long", "--json", "-", cwd=written)
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    assert report["module"] == "my_model"
    assert report["weights"] == "my_model/weights.safetensors"
    assert {result["status"] for result in report["results"]} == {"passed"}


def test_its_own_tests_pass(programs: Path, written: Path) -> None:
    done = program(programs, "python", "-m", "pytest", "-v", "-W", "error", cwd=written)
    assert done.returncode == 0, done.stdout
    assert "test_chunks_do_not_show PASSED" in done.stdout
    assert "hear-validate::T11 PASSED" in done.stdout


def test_it_is_installed_with_its_weights(programs: Path, written: Path, tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (written / "README.md").read_text(), re.DOTALL)
    code = f"{example}\nprint(submission.__file__, *embeddings.shape)"
    done = program(programs, "python", "-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    file, *shape = done.stdout.split()
    assert file.startswith(str(programs.parent))
    assert shape == ["1", "51", "64"]


@pytest.mark.parametrize("name", ["ab", "a" * 40])
def test_its_code_is_formatted_and_has_nothing_to_lint(tmp_path: Path, name: str) -> None:
    folder = start(name, tmp_path)
    ruff = str(Path(sys.executable).with_name("ruff"))
    for command in (["format", "--check"], ["check", "--extend-select", "ARG,B,I,N,PT,PTH,RUF,UP"]):
        done = subprocess.run(
            [ruff, *command, "--isolated", "--target-version", "py310"],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


def test_its_types_are_sound(tmp_path: Path) -> None:
    folder = start("my_model", tmp_path)
    command = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.10", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_its_workflow_is_one(tmp_path: Path) -> None:
    folder = start("my_model", tmp_path)
    workflow = folder / ".github/workflows/validate.yml"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    done = subprocess.run(
        [*command, "vendor.github-workflows", workflow], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_its_pre_commit_hook_validates_a_commit(tmp_path: Path) -> None:
    folder = start("my_model", tmp_path)
    pyproject = folder / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("strict", 'select = ["T01"]\nstrict'))
    environment = variables(Path(sys.executable).parent, PRE_COMMIT_HOME=str(tmp_path / "home"))

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    run("git", "init", "-q")
    run("git", "add", ".")
    hook = (sys.executable, "-m", "pre_commit", "run", "--all-files")
    done = run(*hook)
    assert done.returncode == 0, done.stdout + done.stderr
    module = folder / "my_model/__init__.py"
    module.write_text(module.read_text().replace("1000 * HOP", "HOP"))
    done = run(*hook)
    assert done.returncode == 1
    assert "These look like seconds" in " ".join(done.stdout.split())


def test_weights_may_stand_beside_the_package(tmp_path: Path) -> None:
    (settings,) = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    folder = start("my_model", tmp_path)
    (folder / "my_model/weights.safetensors").rename(tmp_path / "large.safetensors")
    pyproject = folder / "pyproject.toml"
    text = pyproject.read_text().replace("my_model/weights", "../large")
    pyproject.write_text(text.replace("strict", 'select = ["I07", "O03"]\nstrict') + settings)
    done = program(COMMAND.parent, "hear-validate", cwd=folder)
    assert done.returncode == 0, done.stdout
    assert "too large for the package" in done.stdout


def test_the_documentation_lists_every_file(tmp_path: Path) -> None:
    folder = start("my_model", tmp_path)
    files = {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}
    assert set(re.findall(r"^\| `(.*?)`", DOCS, re.MULTILINE)) >= files - {".gitignore"}


def test_a_name_is_rendered_everywhere(tmp_path: Path) -> None:
    for file in start("some_other_1", tmp_path).rglob("*"):
        assert "my_model" not in file.name
        assert file.suffix != ".jinja"
        if file.is_file() and file.suffix != ".safetensors":
            text = file.read_text()
            assert "my_model" not in text
            assert "{%" not in text
            assert not re.search(r"(?<!\$)\{\{", text)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("my-model", "for example my_model"),
        ("My Model", "for example my_model"),
        ("folder/my_model", "for example my_model"),
        ("../my_model", "for example my_model"),
        ("2fast", "for example fast"),
        ("", "for example my_model"),
        (".", "for example my_model"),
        ("a", "2 to 40"),
        ("a" * 41, "2 to 40"),
        ("_private", "for example private"),
        ("twice__under", "for example twice_under"),
        ("mod\u00e8le", "2 to 40"),
        ("my_model\n", "for example my_model"),
        ("lambda", "a word of Python's own"),
        ("torch", "a module of this name"),
        ("hearbaseline", "a module of this name"),
        ("json", "a module of this name"),
        ("sys", "a module of this name"),
        ("tests", "a module of this name"),
        ("make_weights", "a module of this name"),
        ("pre_commit", "a module of this name"),
        ("jinja2", "a module of this name"),
        ("pyyaml", "a package of this name"),
        ("--colour", "No such option"),
    ],
)
def test_a_name_that_cannot_be_used_is_one_line(tmp_path: Path, name: str, words: str) -> None:
    done = subprocess.run([COMMAND, name], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("hear-init: ")
    assert words in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_there_is_left_alone(tmp_path: Path, kind: str) -> None:
    there = tmp_path / "my_model"
    if kind == "folder":
        there.mkdir()
    elif kind == "file":
        there.write_text("mine")
    else:
        there.symlink_to("nowhere")
    before = there.lstat()
    with pytest.raises(UsageError, match=r"^my_model: is there already"):
        start("my_model", tmp_path)
    assert there.lstat() == before
    assert list(tmp_path.iterdir()) == [there]


def test_a_write_that_fails_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    # Files of at most 60 kB: the texts get written, the weights do not.
    command = ["bash", "-c", 'ulimit -f 60 && exec "$0" my_model', str(COMMAND)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == f"hear-init: {tmp_path}/my_model: cannot be written: File too large\n"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_files_is_one_line() -> None:
    # Not even root can make a folder there.
    done = subprocess.run([COMMAND, "my_model"], cwd="/proc", capture_output=True, text=True)
    assert done.returncode == 2
    assert re.fullmatch(r"hear-init: /proc/my_model: cannot be written: .+\n", done.stderr)


@pytest.mark.parametrize("arguments", [("--help",), ("-V",)])
def test_help_imports_no_more_than_it_needs(arguments: tuple[str, ...]) -> None:
    code = "import sys, validator.scaffold as s\ntry: s.main()\nfinally: print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    modules = set(done.stdout.split())
    assert "validator.scaffold" in modules
    assert not modules & {"torch", "jinja2", "rich", "psutil"}
