"""Packages of ours, imported under a name that nobody else uses.

`validator` is a name that a participant's repository may well have for something of its own.
Where our code is started from outside (commands, pytest, a worker), it is therefore found by its
place and imported as `hear_validator`; inside, it imports itself relatively.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def imported(folder: Path, module: str = "") -> ModuleType:
    """A package by its folder, or a module in it.

    Args:
        folder: The package's folder.
        module: The name of a module in it, such as `cli`; "" for the package itself.

    Returns:
        The module; the package is called `hear_` and the folder's name.
    """
    name = f"hear_{folder.name}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if spec is None or spec.loader is None:
            raise ImportError(f"{folder} holds no package")
        package = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(package)
    return importlib.import_module(f"{name}.{module}") if module else sys.modules[name]
