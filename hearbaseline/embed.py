"""The former place of `hearkit.embed`; the next release removes it."""

import importlib
import warnings
from typing import Any


def __getattr__(name: str) -> Any:
    if name != "read":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        f"hearbaseline.embed is now hearkit.embed: import {name} from there",
        DeprecationWarning,
        stacklevel=2,
    )
    return getattr(importlib.import_module("hearkit.embed"), name)
