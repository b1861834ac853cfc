"""The command in this process, in a folder with a small HEAR module."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hearkit.evaluation import cli

from .task_folders import MODULE

Evaluate = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder with the module `tiny` in it."""
    (tmp_path / "tiny.py").write_text(MODULE)
    yield tmp_path
    forget(tmp_path)


def forget(folder: Path) -> None:
    """Have the modules of a folder imported anew."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def hear_eval(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Evaluate:
    """Run the command in the folder, all in this process: importing PyTorch takes seconds."""
    monkeypatch.chdir(place)
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # modules change within a second

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        importlib.invalidate_caches()
        given = list(map(str, arguments))
        if given[0] == "run":
            given.append("--in-process")
        monkeypatch.setattr(sys, "argv", ["hear-eval", *given])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        said = capsys.readouterr()
        forget(place)
        assert isinstance(stopped.value.code, int)
        return subprocess.CompletedProcess(sys.argv, stopped.value.code, said.out, said.err)

    return run
