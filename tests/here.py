"""A command in this process, in a folder with a module: importing PyTorch takes seconds."""

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


def forget(folder: Path) -> None:
    """Have the modules of a folder imported anew."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def go_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands run in a folder, whose modules change within a second."""
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def run_here(
    main: Callable[[], None],
    arguments: list[str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> subprocess.CompletedProcess[str]:
    """Run a command; its name is the first argument."""
    importlib.invalidate_caches()
    monkeypatch.setattr(sys, "argv", arguments)
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main()
    said = capsys.readouterr()
    forget(folder)
    assert isinstance(stopped.value.code, int)
    return subprocess.CompletedProcess(sys.argv, stopped.value.code, said.out, said.err)
