"""What comes back from a worker process, which may be anything, as a reply or a fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..effect import Effect
from ..errors import Fault
from ..text import one_line, printable
from . import wire
from .exchange import Exchange, read_array
from .requests import Request
from .submission import Reply, Value

Facts = TypeVar("Facts")


def reply(
    request: Request[Facts],
    answer: dict[str, Any],
    exchange: Exchange,
    step: str,
    peak: int,
    most: int,
) -> Reply[Facts]:
    """The reply that a message holds.

    Args:
        request: What was asked.
        answer: The message.
        exchange: Where its arrays are.
        step: What was asked, in words.
        peak: Bytes of memory that the step took.
        most: Bytes of an array at most.

    Raises:
        Fault: If the message holds one, or cannot be read.
    """
    try:
        effects = tuple(Effect(one_line(e[0]), one_line(e[1]), step) for e in answer["effects"])
        if answer["fault"] is not None:
            raise fault_of(answer["fault"], step, effects)
        return Reply(
            wire.typed(request.facts, answer["facts"]),
            one_line(answer["container"]),
            tuple(_value(v, exchange, most) for v in answer["values"]),
            tuple(map(str, answer["opened"])),
            effects,
            float(answer["seconds"]),
            peak,
        )
    except (AttributeError, LookupError, TypeError, ValueError, OSError) as error:
        raise Fault(
            "answer", f"the worker's answer cannot be read ({one_line(error)})", step
        ) from None


def fault_of(told: Mapping[str, Any], step: str, effects: tuple[Effect, ...]) -> Fault:
    """What `worker.describe.fault` tells of an exception, as a fault of a step."""
    return Fault(
        str(told["kind"]),
        one_line(told["message"]),
        step,
        traceback=printable(str(told["traceback"])),
        effects=effects,
        missing=str(told["missing"]),
    )


def _value(raw: dict[str, Any], exchange: Exchange, most: int) -> Value:
    shape = tuple(int(n) for n in raw["shape"])
    array: NDArray[np.float32] | None = None
    if raw["array"]:
        array = read_array(exchange.path(str(raw["array"])), most)
        if array.shape != shape:
            raise ValueError(f"an array of shape {array.shape} is said to be {shape}")
        if array.dtype != np.float32:
            raise ValueError(f"numbers are {array.dtype} instead of float32")
    return Value(
        one_line(raw["type"]),
        one_line(raw["framework"]),
        one_line(raw["dtype"]),
        shape,
        one_line(raw["device"]),
        bool(raw["requires_grad"]),
        array,
    )
