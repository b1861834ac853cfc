"""What things of a submission are, in plain facts."""

from __future__ import annotations

import inspect
import itertools
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
    for kind in (tuple, list, dict):
        if isinstance(result, kind):
            values = result.values() if isinstance(result, dict) else result
            return kind.__name__, list(itertools.islice(values, _MOST_VALUES))
    return "single", [result]


def value(item: Any, largest: float = math.inf, width: int = 0) -> Value:
    """A returned value with its numbers as float32, where it has any.

    The dtype is told as it is; that it is a wrong one hides nothing else so.

    Args:
        item: What was returned.
        largest: Bytes that its numbers may take.
        width: See `requests.Call`.

    Raises:
        TooLargeError: If they take more.
    """
    framework = frameworks.of_tensor(item)
    kind = type_name(item)
    if framework:
        told = framework.describe(item)
        _refuse_large(kind, told.dtype, told.shape, largest)
        numbers = _numbers(framework.array(item), width)
        shape = told.shape if numbers is None else numbers.shape
        return Value(
            kind, framework.NAME, told.dtype, shape, told.device, told.requires_grad, numbers
        )
    name = "numpy" if isinstance(item, np.ndarray) else ""
    array = item if name else _as_array(item, largest)
    if array is None or array.dtype.kind not in _KINDS:
        return Value(kind, name)
    _refuse_large(kind, str(array.dtype), array.shape, largest)
    numbers = _numbers(array, width)
    shape = array.shape if numbers is None else numbers.shape
    return Value(kind, name, str(array.dtype), shape, array=numbers)


def _as_array(item: Any, largest: float) -> NDArray[Any] | None:
    """The numbers of a list, of tensors too, or of another library's array; None without any."""
    try:
        if isinstance(item, (list, tuple)) and not _holds_numbers(item):
            return _stacked([_as_array(one, largest) for one in item], largest)
        framework = frameworks.of_tensor(item)
        if framework:
            return framework.array(item)
        if not (isinstance(item, (list, tuple, *_NUMBERS)) or hasattr(item, "__array__")):
            return None
        return np.asarray(item)
    except TooLargeError:
        raise
    except Exception:  # rows of different lengths, or another library's own troubles
        return None


def _holds_numbers(item: Any) -> bool:
    """Whether nested lists hold plain numbers, going by the first."""
    while isinstance(item, (list, tuple)) and item:
        item = item[0]
    return isinstance(item, _NUMBERS)


def _stacked(rows: list[NDArray[Any] | None], largest: float) -> NDArray[Any] | None:
    arrays = [row for row in rows if row is not None]
    if not arrays or len(arrays) < len(rows):
        return None
    size = sum(array.nbytes for array in arrays)
    if size > largest:
        raise TooLargeError(f"returned a list of {size / 1e9:.2f} GB")
    return np.stack(arrays)


_NUMBERS = (bool, int, float, complex, np.generic)

_KINDS = "biufc"
"""NumPy's kinds of dtypes that are numbers."""


def _refuse_large(kind: str, dtype: str, shape: tuple[int, ...], largest: float) -> None:
    """Before anything is copied: a tensor can have far more numbers than it has memory."""
    size = math.prod(shape) * (8 if dtype.endswith("64") else 4)
    if size > largest:
        raise TooLargeError(
            f"returned a {dtype} {kind.rpartition('.')[2]} of shape {shape}, {size / 1e9:.2f} GB, "
            f"where {largest / 1e9:.2f} GB is more than such audio needs"
        )


def _numbers(array: NDArray[Any], width: int) -> NDArray[np.float32] | None:
    if array.dtype.kind not in _KINDS:
        return None
    if not width or array.ndim < 3 or array.shape[-1] <= width:
        return _as_float32(array)
    size = array.shape[-1]
    drawn = np.random.default_rng(0).standard_normal((size, width)) / math.sqrt(size)
    directions = drawn.astype(np.float32)
    projected = np.empty((*array.shape[:-1], width), np.float32)
    # In blocks: what this process takes at most is measured.
    for n, rows in enumerate(array):
        for begin in range(0, len(rows), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            projected[n, block] = _as_float32(rows[block]) @ directions
    return projected


_BLOCK = 4096
"""Embeddings that are projected at a time."""


def _as_float32(array: NDArray[Any]) -> NDArray[np.float32]:
    real = np.abs(array) if array.dtype.kind == "c" else array
    with np.errstate(over="ignore"):
        return np.asarray(real, np.float32)


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
