"""The GitHub Action and the pre-commit hook that other repositories use, as far as they go here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from .environments import CHECKOUT, fresh_environment, program, variables

NEEDS = ("yaml", "pre_commit")

ACTION: dict[str, Any] = yaml.safe_load((CHECKOUT / "action.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
BASE = CHECKOUT / "tests/submissions/base.py"

INSTALLED = Path(sys.executable).parent
"""Where the tests' own `hear-validate` is."""

ONE_CHECK = "--select T01 --quiet"

Step = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a good submission and one that returns seconds."""
    folder = tmp_path / "repository"
    folder.mkdir()
    text = BASE.read_text("utf-8")
    (folder / "good.py").write_text(text)
    (folder / "seconds.py").write_text(text.replace("* hop_ms", "* hop_ms / 1000"))
    return folder


@pytest.fixture
def step(repository: Path) -> Step:
    """Run a step of the action the way a runner does: (name, folder of programs, inputs)."""

    def run(
        name: str, programs: Path = INSTALLED, **inputs: str
    ) -> subprocess.CompletedProcess[str]:
        (wanted,) = [step for step in STEPS if step.get("id") == name]
        given = {key: facts["default"] for key, facts in ACTION["inputs"].items()} | inputs
        facts = {f"inputs.{key}": value for key, value in given.items()}
        facts["runner.temp"] = str(repository.parent)
        environment = {
            key: re.sub(r"\$\{\{ (\S+) \}\}", lambda found: facts[found[1]], value)
            for key, value in wanted["env"].items()
        }
        script = repository.parent / "script.sh"
        script.write_text(wanted["run"])
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=repository,
            env=variables(
                programs,
                GITHUB_OUTPUT=str(repository.parent / "output"),
                GITHUB_ACTION_PATH=str(CHECKOUT),
                **environment,
            ),
            capture_output=True,
            text=True,
        )

    return run


def outputs(repository: Path) -> dict[str, str]:
    lines = (repository.parent / "output").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize(
    ("module", "status", "level"), [("good", 0, None), ("seconds", 1, "error")]
)
def test_the_step_validates_and_writes_its_reports(
    step: Step, repository: Path, module: str, status: int, level: str | None
) -> None:
    done = step("validate", module=module, options=ONE_CHECK)
    assert done.returncode == status, done.stderr
    given = outputs(repository)
    assert given["exit-status"] == str(status)
    sarif = json.loads((Path(given["reports"]) / "report.sarif").read_text())
    found = sarif["runs"][0]["results"]
    assert [result["level"] for result in found] == [level] * (level is not None)
    for result in found:
        # What a code host needs to place the annotation.
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == f"{module}.py"
    assert (Path(given["reports"]) / "report.xml").read_text().startswith("<?xml")


def test_without_inputs_the_settings_name_the_submission(step: Step, repository: Path) -> None:
    (repository / "pyproject.toml").write_text('[tool.hear-validate]\nmodule = "good"\n')
    assert step("validate", options=ONE_CHECK).returncode == 0


def test_weights_are_handed_over(step: Step) -> None:
    done = step("validate", module="good", weights="no such.pt", options=ONE_CHECK)
    assert done.returncode == 2
    assert "no such.pt: there is no such file" in done.stderr


def test_weights_without_a_module_are_refused(step: Step) -> None:
    done = step("validate", weights="good.pt")
    assert done.returncode == 2
    assert done.stderr == "hear-validate: the input weights needs the input module\n"


def test_reports_of_an_earlier_run_are_not_uploaded_again(step: Step, repository: Path) -> None:
    assert step("validate", module="good", options=ONE_CHECK).returncode == 0
    (repository.parent / "output").unlink()
    assert step("validate", module="no_such_module").returncode == 2
    assert outputs(repository) == {"exit-status": "2"}


def test_a_submission_writes_nothing_that_later_steps_trust(
    step: Step, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows neither names nor tokens; and what it writes to a file that it guesses is gone."""
    trusted = repository.parent / "environment"
    monkeypatch.setenv("GITHUB_ENV", str(trusted))
    monkeypatch.setenv("ACTIONS_RUNTIME_TOKEN", "secret")
    (repository / "curious.py").write_text(
        "import os\n"
        f"open({str(trusted)!r}, 'w').write('LD_PRELOAD=mine.so')\n"
        "names = ('GITHUB_ENV', 'GITHUB_OUTPUT', 'ACTIONS_')\n"
        "hidden = [name for name in os.environ if name.startswith(names)]\n"
        "raise SystemExit(f'knows {hidden}')\n"
    )
    done = step("validate", module="curious", options="--select I01 --quiet")
    assert "sys.exit('knows []')" in done.stdout
    assert trusted.read_text() == ""
    assert outputs(repository)["exit-status"] == "1"


@pytest.mark.parametrize("name", ["module", "weights", "options"])
@pytest.mark.parametrize(
    "value", ["$(touch owned)", "`touch owned`", '"; touch owned; "', "good; touch owned", "a\nb"]
)
def test_inputs_are_never_run(step: Step, repository: Path, name: str, value: str) -> None:
    done = step("validate", **{"module": "good", name: value})
    assert done.returncode == 2
    assert done.stderr.startswith("hear-validate: ")
    assert not (repository / "owned").exists()


def test_options_are_words_and_no_patterns(step: Step) -> None:
    assert "no check is called '*'" in step("validate", module="good", options="--skip *").stderr


def test_a_module_is_no_option(step: Step) -> None:
    done = step("validate", module="--help", options=ONE_CHECK)
    assert done.returncode == 2
    assert "no module '--help'" in done.stderr


def test_no_script_holds_an_expression() -> None:
    scripts = [step["run"] for step in STEPS if "run" in step]
    assert len(scripts) == 2
    assert not [script for script in scripts if "${{" in script]


@pytest.mark.parametrize(("package", "installs_it"), [(".", True), ("", False)])
def test_the_action_installs_itself_and_the_submission(
    step: Step, repository: Path, package: str, installs_it: bool
) -> None:
    (repository / "pyproject.toml").write_text(
        '[project]\nname = "a-submission"\nversion = "1"\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[tool.hatch.build.targets.wheel]\ninclude = ["good.py"]\n'
    )
    programs = fresh_environment(repository.parent / "venv")
    done = step("install", programs, package=package)
    assert done.returncode == 0, done.stderr
    assert (programs / "hear-validate").is_file()
    found = list(programs.parent.glob("lib/python*/site-packages/good.py"))
    assert bool(found) == installs_it


def test_uploads_run_after_a_finding_and_only_with_a_report() -> None:
    uploads = [step for step in STEPS if "upload" in step.get("uses", "")]
    assert [step["if"] for step in uploads] == [
        "${{ !cancelled() && steps.validate.outputs.reports }}"
    ] * 2


def test_the_action_is_one() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    done = subprocess.run(
        [*command, "vendor.github-actions", CHECKOUT / "action.yml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_the_documentation_lists_its_inputs_and_shows_how_to_use_it(tmp_path: Path) -> None:
    text = (CHECKOUT / "docs/starting.md").read_text("utf-8")
    for name in ACTION["inputs"]:
        assert f"\n| `{name}` |" in text
    workflow, hooks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    used = yaml.safe_load(workflow)["jobs"]["validate"]["steps"][1]["with"]
    assert set(used) < set(ACTION["inputs"])
    (tmp_path / "workflow.yml").write_text(workflow)
    (tmp_path / "hooks.yaml").write_text(hooks)
    for command in (
        ["check_jsonschema", "--builtin-schema", "vendor.github-workflows", "workflow.yml"],
        ["pre_commit", "validate-config", "hooks.yaml"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


def test_the_hook_can_be_tried_from_its_repository(repository: Path, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    shutil.copy(CHECKOUT / ".pre-commit-hooks.yaml", hooks)
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    for folder in (hooks, repository):
        for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "all"]):
            subprocess.run(["git", *command], cwd=folder, env=environment, check=True)
    settings = repository / "pyproject.toml"
    for module, status in (("good", 0), ("seconds", 1)):
        settings.write_text(f'[tool.hear-validate]\nmodule = "{module}"\nselect = ["T01"]\n')
        done = program(
            INSTALLED,
            "python",
            *("-m", "pre_commit", "try-repo", hooks, "hear-validate", "--all-files"),
            cwd=repository,
            PRE_COMMIT_HOME=str(tmp_path / "home"),
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "WARNING" not in done.stdout + done.stderr
    assert "These look like seconds" in " ".join(done.stdout.split())
