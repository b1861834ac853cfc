"""Which of several modules of one name a submission's name means: that in the current folder.

Python looks there first, but not for what it has imported already, for what is built in, and for a
folder without `__init__.py` where an installed package has the name. Then another module than the
user's would be run without a word; it is refused here instead.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from ..errors import UsageError


def check_name(name: str, folder: Path) -> None:
    """Refuse a module's name that this process already uses for another module.

    Args:
        name: The submission's, such as `my_package.variant`. Its first part decides.
        folder: The one that is searched first.

    Raises:
        UsageError: If the folder has a module of this name, and Python would take another one.
    """
    top = name.partition(".")[0]
    there = _place_in(name, folder)
    if there is None:
        return
    if top in sys.builtin_module_names:
        raise _refusal(top, there, "Python's own, which is built in")
    loaded = sys.modules.get(top)
    if loaded is not None:
        _compare(top, there, loaded)


def check_imported(name: str, folder: Path) -> None:
    """The same, once the module was imported: what was taken must be the folder's.

    Args:
        name: See `check_name`.
        folder: See `check_name`.

    Raises:
        UsageError: See `check_name`.
    """
    top = name.partition(".")[0]
    there = _place_in(name, folder)
    loaded = sys.modules.get(top)
    if there is not None and loaded is not None:
        _compare(top, there, loaded)


def _place_in(name: str, folder: Path) -> Path | None:
    """The file, or the folder without `__init__.py`, that has the name in a folder."""
    top, _, rest = name.partition(".")
    spec: ModuleSpec | None = PathFinder.find_spec(top, [str(folder)])
    if spec is None:
        return None
    if spec.origin and spec.has_location:
        return Path(spec.origin)
    # A folder of recordings, or a checkout, may be called so; one that holds the module is meant.
    package = folder / top
    if rest:
        inner = package.joinpath(*rest.split("."))
        return package if inner.with_suffix(".py").is_file() or inner.is_dir() else None
    return package if any(_defines(file) for file in package.glob("*.py")) else None


def _defines(file: Path) -> bool:
    """Whether a file says what every HEAR module has."""
    try:
        return b"def load_model" in file.read_bytes()
    except OSError:
        return False


def _compare(top: str, there: Path, loaded: ModuleType) -> None:
    facts = vars(loaded)
    places = [facts.get("__file__"), *(facts.get("__path__") or ())]
    taken = [os.path.realpath(place) for place in places if isinstance(place, str)]
    wanted = os.path.realpath(there)
    # Of a checkout in the current folder, the installed package may lie deeper.
    if wanted in taken or (there.is_dir() and any(p.startswith(wanted + os.sep) for p in taken)):
        return
    file = facts.get("__file__")
    raise _refusal(top, there, str(file) if file else "Python's own, which is built in")


def _refusal(top: str, there: Path, taken: str) -> UsageError:
    if there.is_dir():
        return UsageError(
            f"{top}: the folder {there} has no __init__.py, so Python takes {taken} instead; add "
            "one, or run from another folder"
        )
    return UsageError(
        f"{top}: the current folder has {there}, and Python takes {taken} instead; rename the one "
        "in the folder, or run from another folder"
    )
