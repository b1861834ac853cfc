"""The former place of `hearkit.embed`; the next release removes it."""

from __future__ import annotations

import importlib
import warnings
from typing import Any


def __getattr__(name: str) -> Any:
    if name != "read":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    _warn(f"import {name} from there", stacklevel=3)
    return importlib.import_module("hearkit.embed").read


def _warn(advice: str, *, stacklevel: int) -> None:
    message = f"hearbaseline.embed is now hearkit.embed: {advice}"
    warnings.warn(message, DeprecationWarning, stacklevel=stacklevel)


if __name__ == "__main__":
    # At the level of the script: Python shows this warning by default there only.
    _warn("run python -m hearkit.embed, or hear-embed", stacklevel=2)
    importlib.import_module("hearkit.embed.cli").main()
