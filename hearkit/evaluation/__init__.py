"""`hear-eval`: HEAR's evaluation of a module, equal to the organisers'."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import evaluate
    from .interval import Interval
    from .results import Failure, Results, TaskResult

__all__ = ["Failure", "Interval", "Results", "TaskResult", "evaluate"]

_PLACES = {
    "evaluate": "api",
    "Interval": "interval",
    "Failure": "results",
    "Results": "results",
    "TaskResult": "results",
}
"""Modules of the public names, imported when they are asked for: PyTorch and SciPy take seconds."""


def __getattr__(name: str) -> Any:
    """The public names."""
    if name in _PLACES:
        return getattr(importlib.import_module(f".{_PLACES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
