"""What things of a submission are, in plain facts."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from .. import frameworks
from ..facts import Attribute, Function, Parameter
from ..submission import Value

_OURS = Path(__file__).resolve().parents[2]
"""The folder of `hearkit`, whose frames are left out of a submission's traceback."""

_MOST_VALUES = 8
"""Returned values that are described; nobody returns so many who returns the right two."""

_LONGEST_TEXT = 80
_LONGEST_MESSAGE = 100_000
_MOST_FRAMES = 12


def unpacked(result: Any) -> tuple[str, list[Any]]:
    """How values were returned, and the values."""
    if isinstance(result, (tuple, list)):
        kind = "tuple" if isinstance(result, tuple) else "list"
        return kind, list(result[:_MOST_VALUES])
    return "single", [result]


def value(item: Any) -> Value:
    """A returned value with its numbers, where it has any."""
    framework = frameworks.of_tensor(item)
    kind = type_name(item)
    if framework:
        array = framework.array(item)
        told = framework.describe(item)
        return Value(
            kind,
            framework.NAME,
            told.dtype,
            told.shape,
            told.device,
            told.requires_grad,
            _numbers(array),
        )
    if isinstance(item, np.ndarray):
        return Value(kind, "numpy", str(item.dtype), item.shape, array=_numbers(item))
    return Value(kind, "")


def _numbers(array: NDArray[Any]) -> NDArray[Any] | None:
    return array if array.dtype.kind in "biufc" else None


def function(thing: Any) -> Function | None:
    """What is known of a function; None where there is no such attribute."""
    if thing is None:
        return None
    return Function(callable(thing), type_name(thing), _parameters(thing))


def _parameters(thing: Callable[..., Any]) -> tuple[Parameter, ...] | None:
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return None
    return tuple(
        Parameter(
            name=p.name,
            positional=p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD),
            variadic=p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD),
            default=p.default is not p.empty,
            star=p.kind is p.VAR_POSITIONAL,
        )
        for p in parameters
    )


def attribute(model: Any, name: str) -> Attribute:
    """An attribute of a model."""
    if not hasattr(model, name):
        return Attribute(present=False)
    found = getattr(model, name)
    is_number = isinstance(found, (int, float, np.number)) and not isinstance(found, bool)
    return Attribute(
        present=True,
        type=type(found).__name__,
        python_int=type(found) is int,
        integral=isinstance(found, (int, np.integer)) and not isinstance(found, bool),
        number=float(found) if is_number else None,
        text=repr(found)[:_LONGEST_TEXT],
    )


def type_name(thing: object) -> str:
    """The full name of a thing's type; of a builtin the short one."""
    kind = type(thing)
    builtin = kind.__module__ == "builtins"
    return kind.__qualname__ if builtin else f"{kind.__module__}.{kind.__qualname__}"


def fault(error: BaseException) -> dict[str, str]:
    """An exception as `Fault` takes it: kind, message, traceback, missing module."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not f.filename.startswith(str(_OURS))]
    text = "".join(
        traceback.format_list(own[-_MOST_FRAMES:]) + traceback.format_exception_only(error)
    )[-_LONGEST_MESSAGE:]
    missing = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
    return {"kind": _kind(error), "message": _message(error), "traceback": text, "missing": missing}


def _kind(error: BaseException) -> str:
    if isinstance(error, UsageError):  # raised by our own code: there is no such device
        return "usage"
    return "exit" if isinstance(error, SystemExit) else "exception"


def _message(error: BaseException) -> str:
    if isinstance(error, UsageError):
        return str(error)
    if isinstance(error, SystemExit):
        return f"called sys.exit({error.code!r})"
    try:
        words = str(error)[:_LONGEST_MESSAGE]
    except Exception:
        words = "(its message cannot be printed)"
    return f"raised {type(error).__name__}" + (f": {words}" if words else "")
