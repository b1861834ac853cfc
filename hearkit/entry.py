"""Where the commands and pytest come in, whatever else is called `validator`.

Nothing in `hearkit` uses this file; the distribution's entry points name it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .private import imported

_VALIDATOR = Path(__file__).resolve().parent.parent / "validator"
"""The package next to this one: both are in one distribution."""


def hear_validate() -> None:
    """The command `hear-validate`."""
    imported(_VALIDATOR, "cli").main()


def hear_init() -> None:
    """The command `hear-init`."""
    imported(_VALIDATOR, "scaffold").main()


def __getattr__(name: str) -> Any:
    """`pytest_plugin`, the plugin itself, imported when pytest asks for it."""
    if name == "pytest_plugin":
        return imported(_VALIDATOR, "pytest_plugin")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
