"""The command in this process, in a folder with a small HEAR module."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hearkit.evaluation import cli

from ..here import forget, go_to, run_here
from .task_folders import MODULE

Evaluate = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder with the module `tiny` in it."""
    (tmp_path / "tiny.py").write_text(MODULE)
    yield tmp_path
    forget(tmp_path)


@pytest.fixture
def hear_eval(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Evaluate:
    """Run the command in the folder, all in this process."""
    go_to(place, monkeypatch)

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        given = ["hear-eval", *map(str, arguments)]
        if given[1] == "run":
            given.append("--in-process")
        return run_here(cli.main, given, place, monkeypatch, capsys)

    return run
