"""What the light `.[test]` leaves out: tests that need more are skipped there, and counted.

A test module says what it needs in a constant, read without importing it: `NEEDS = ("librosa",)`.
Where `HEAR_TEST_ALL` is set, as in CI, nothing may be missing.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

PROGRAMS = ("chromium", "dpkg-deb", "espeak-ng")
"""What may be needed and is no Python package."""


def missing(names: Iterable[str]) -> list[str]:
    """Those that are not installed."""
    return [
        name
        for name in names
        if not (shutil.which(name) if name in PROGRAMS else importlib.util.find_spec(name))
    ]


def require(*names: str) -> None:
    """Skip the test, or the module, where something is not installed; fail where all has to be."""
    lacking = ", ".join(missing(names))
    if not lacking:
        return
    if os.environ.get("HEAR_TEST_ALL"):
        pytest.fail(f"{lacking} is missing, and HEAR_TEST_ALL says that all tests are to run")
    pytest.skip(f"needs {lacking}: pip install '.[test-all]'", allow_module_level=True)


def stated(path: Path) -> tuple[str, ...]:
    """What a test module says that it needs."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "NEEDS":
            names: tuple[str, ...] = ast.literal_eval(node.value)
            return names
    return ()


class Lacking(pytest.Module):
    """A test module that cannot be imported for want of something."""

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        require(*stated(self.path))
        return []


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> Lacking | None:
    """A module whose needs are not met is skipped as a whole."""
    if missing(stated(module_path)):
        made: Lacking = Lacking.from_parent(parent, path=module_path)
        return made
    return None
