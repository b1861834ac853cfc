"""Which of the imported modules are a submission's own, wherever in its repository they lie."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

_STANDARD = tuple(
    os.path.realpath(sysconfig.get_paths()[name]) + os.sep for name in ("stdlib", "platstdlib")
)

_OURS = {"hearkit", "hear_validator", "validator", "__main__"}
"""Modules that are never a submission's."""


def own_modules(module: ModuleType) -> dict[str, ModuleType]:
    """The loaded modules of a submission: its package, and what lies next to it.

    Many repositories have the three functions in one package and the model in another. Libraries
    are no part of it, and neither are modules of compiled code, which cannot be imported twice.

    Args:
        module: The submission.
    """
    tops = {module.__name__.partition(".")[0]}
    root = _root_of(module)
    if _is_library(root):
        tops |= _installed_with(tops) - _OURS
    near = [folder for folder in (root, _here()) if folder and not _is_library(folder)]
    found = {}
    for name, one in list(sys.modules.items()):
        top = name.partition(".")[0]
        if top in tops or (top not in _OURS and _is_near(one, near)):
            found[name] = one
    return found


def _root_of(module: ModuleType) -> str:
    """The folder that is searched for the submission's package."""
    top = sys.modules.get(module.__name__.partition(".")[0], module)
    file = getattr(top, "__file__", None) or next(iter(getattr(top, "__path__", ())), "")
    path = Path(os.path.realpath(file))
    is_package = hasattr(top, "__path__") and path.name == "__init__.py"
    return str(path.parents[1] if is_package else path.parent)


def _here() -> str:
    with contextlib.suppress(OSError):
        return str(Path.cwd())
    return ""


def _is_near(module: ModuleType, folders: list[str]) -> bool:
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or not file.endswith(".py") or _is_library(file):
        return False
    real = os.path.realpath(file)
    return not _is_library(real) and any(real.startswith(f + os.sep) for f in folders)


def _is_library(path: str) -> bool:
    if "site-packages" in path or "dist-packages" in path:
        return True
    return path.startswith(_STANDARD)


def _installed_with(tops: set[str]) -> set[str]:
    """Names of the packages that were installed together with some."""
    by_top = importlib.metadata.packages_distributions()
    names = {name for top in tops for name in by_top.get(top, ())}
    return {top for top, owners in by_top.items() if names & set(owners)}
