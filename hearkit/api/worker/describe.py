"""What things of a submission are, in plain facts."""

from __future__ import annotations

import inspect
import math
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType, ModuleType
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
_LONGEST_MESSAGE = 2_000
_LONGEST_TRACEBACK = 20_000
_MOST_FRAMES = 12


class TooLargeError(Exception):
    """A returned array is larger than what an answer may have, and was not written."""


def unpacked(result: Any) -> tuple[str, list[Any]]:
    """How values were returned, and the values."""
    if isinstance(result, (tuple, list)):
        kind = "tuple" if isinstance(result, tuple) else "list"
        return kind, list(result[:_MOST_VALUES])
    return "single", [result]


def value(item: Any, largest: float = math.inf) -> Value:
    """A returned value with its numbers, where it has any.

    Args:
        item: What was returned.
        largest: Bytes that its numbers may take.

    Raises:
        TooLargeError: If they take more.
    """
    framework = frameworks.of_tensor(item)
    kind = type_name(item)
    if framework:
        told = framework.describe(item)
        _refuse_large(kind, told.dtype, told.shape, largest)
        array = framework.array(item)
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
        _refuse_large(kind, str(item.dtype), item.shape, largest)
        return Value(kind, "numpy", str(item.dtype), item.shape, array=_numbers(item))
    return Value(kind, "")


def _refuse_large(kind: str, dtype: str, shape: tuple[int, ...], largest: float) -> None:
    """Before anything is copied: a tensor can have far more numbers than it has memory."""
    size = math.prod(shape) * (8 if dtype.endswith("64") else 4)
    if size > largest:
        raise TooLargeError(
            f"returned a {dtype} {kind.rpartition('.')[2]} of shape {shape}, {size / 1e9:.2f} GB, "
            f"where {largest / 1e9:.2f} GB is more than such audio needs"
        )


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
    """An attribute of a model, which may be of any kind, and a property that raises."""
    try:
        found = getattr(model, name)
    except AttributeError:
        return Attribute(present=False)
    except Exception as error:
        return Attribute(present=True, type="property", text=_message(error)[:_LONGEST_TEXT])
    is_number = isinstance(found, (int, float, np.number)) and not isinstance(found, bool)
    return Attribute(
        present=True,
        type=type(found).__name__[:_LONGEST_TEXT],
        python_int=type(found) is int,
        integral=isinstance(found, (int, np.integer)) and not isinstance(found, bool),
        number=_float(found) if is_number else None,
        text=_repr(found),
    )


def _float(found: Any) -> float | None:
    try:
        return float(found)
    except OverflowError:
        return math.inf if found > 0 else -math.inf
    except Exception:
        return None


def _repr(found: object) -> str:
    try:
        return repr(found)[:_LONGEST_TEXT]
    except Exception:  # a number with more digits than Python writes, for example
        return f"{type(found).__name__} that cannot be printed"[:_LONGEST_TEXT]


def names_in(modules: Iterable[ModuleType]) -> set[str]:
    """The names that the functions and methods of modules use."""
    found: set[str] = set()
    for module in modules:
        things = list(vars(module).values())
        for kind in [thing for thing in things if isinstance(thing, type)]:
            things += vars(kind).values() if kind.__module__ == module.__name__ else ()
        for thing in things:
            if callable(thing) and getattr(thing, "__module__", None) == module.__name__:
                code = getattr(inspect.unwrap(thing), "__code__", None)
                found |= _names_of(code) if isinstance(code, CodeType) else set()
    return found


def _names_of(code: CodeType) -> set[str]:
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*map(_names_of, inner))


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
    )[-_LONGEST_TRACEBACK:]
    missing = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
    return {"kind": _kind(error), "message": _message(error), "traceback": text, "missing": missing}


def _kind(error: BaseException) -> str:
    if isinstance(error, UsageError):  # raised by our own code: there is no such device
        return "usage"
    if isinstance(error, TooLargeError):
        return "answer"
    return "exit" if isinstance(error, SystemExit) else "exception"


def _message(error: BaseException) -> str:
    if isinstance(error, (UsageError, TooLargeError)):
        return str(error)[:_LONGEST_MESSAGE]
    if isinstance(error, SystemExit):
        return f"called sys.exit({_repr(error.code)})"
    try:
        words = str(error)[:_LONGEST_MESSAGE]
    except Exception:
        words = "(its message cannot be printed)"
    return f"raised {type(error).__name__}" + (f": {words}" if words else "")
