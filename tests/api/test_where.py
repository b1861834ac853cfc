"""Of several modules of one name, the one in the current folder is meant, or it is refused."""

import importlib
import sys
from pathlib import Path

import pytest

from hearkit.api import where
from hearkit.api.process import Limits, WorkerProcess
from hearkit.api.requests import Import
from hearkit.api.submission import Submission
from hearkit.errors import Fault, UsageError


def test_a_module_that_is_only_elsewhere_is_taken(tmp_path: Path) -> None:
    for name in ("json", "numpy", "hearbaseline.mel", "sys", "no_such_module"):
        where.check_name(name, tmp_path)
        where.check_imported(name, tmp_path)


@pytest.mark.parametrize("name", ["json", "numpy", "psutil", "hearkit"])
@pytest.mark.parametrize("kind", ["file", "package"])
def test_a_name_that_is_taken_already_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    importlib.import_module(name)
    there = tmp_path / f"{name}.py" if kind == "file" else tmp_path / name / "__init__.py"
    there.parent.mkdir(exist_ok=True)
    there.touch()
    for inner in ("", ".variant"):
        with pytest.raises(UsageError) as caught:
            where.check_name(name + inner, tmp_path)
        assert f"the current folder has {there}, and Python takes " in str(caught.value)
        assert str(sys.modules[name].__file__) in str(caught.value)


def test_a_name_that_is_built_in_is_refused(tmp_path: Path) -> None:
    (tmp_path / "time.py").touch()
    with pytest.raises(UsageError, match="Python's own, which is built in instead; rename"):
        where.check_name("time", tmp_path)


def test_a_folder_without_init_is_refused_where_it_holds_the_module(tmp_path: Path) -> None:
    folder = tmp_path / "json"
    folder.mkdir()
    (folder / "setup.py").touch()
    (folder / "recording.wav").touch()
    where.check_name("json", tmp_path)  # a checkout, or recordings
    (folder / "model.py").write_text("def load_model(path=''): ...\n")
    with pytest.raises(UsageError, match=r"folder .*json has no __init__\.py, so Python takes"):
        where.check_name("json", tmp_path)
    (folder / "model.py").write_text("")
    where.check_name("json", tmp_path)
    with pytest.raises(UsageError, match=r"no __init__\.py"):
        where.check_name("json.model", tmp_path)


def test_the_module_of_the_folder_is_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "of_the_folder.py").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "link"))
    importlib.import_module("of_the_folder")
    where.check_name("of_the_folder", tmp_path)
    where.check_imported("of_the_folder", tmp_path)


def test_a_worker_takes_the_folders_module_or_says_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fork of an installed package, one of Python's own, and what the worker needs itself."""
    monkeypatch.chdir(tmp_path)
    for name in ("hearbaseline", "wave", "numpy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("def load_model(path=''): ...\n")
    for name in ("hearbaseline", "wave"):
        worker = WorkerProcess(Submission(name), Limits(60, 10**10), watched=False)
        try:
            facts = worker.ask(Import(), step="importing").facts
        finally:
            worker.close()
        assert facts.file == tmp_path / name / "__init__.py"
    worker = WorkerProcess(Submission("numpy"), Limits(60, 10**10), watched=False)
    try:
        with pytest.raises(Fault) as caught:
            worker.ask(Import(), step="importing")
    finally:
        worker.close()
    assert caught.value.kind == "usage"
    assert "numpy: the current folder has" in caught.value.message
