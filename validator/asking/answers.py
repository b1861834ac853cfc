"""What a reply holds, as arrays of the shapes that the contract describes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearkit.api.contract import SCENE, TIMESTAMP
from hearkit.api.submission import Reply
from hearkit.errors import Fault

from ..stimuli import Stimulus
from .snippets import Reproduction, reproduce

Numbers = NDArray[np.floating]


def _as_numbers(array: NDArray[Any] | None) -> Numbers | None:
    """Numbers of any dtype as float32, so that a wrong one hides no other defect."""
    if array is None or array.dtype == np.float32:
        return array
    real = np.abs(array) if array.dtype.kind == "c" else array
    with np.errstate(over="ignore"):
        return real.astype(np.float32)


class CallFault(Fault):
    """A call that gave no usable answer, with what reproduces it.

    Attributes:
        reproduction: The call.
    """

    def __init__(self, fault: Fault, reproduction: Reproduction) -> None:
        super().__init__(
            fault.kind,
            fault.message,
            fault.step,
            traceback=fault.traceback,
            effects=fault.effects,
            missing=fault.missing,
        )
        self.reproduction = reproduction


def reproduction_of(fault: Fault) -> Reproduction | None:
    """What reproduces a fault, where it is one of a call."""
    return fault.reproduction if isinstance(fault, CallFault) else None


def scene_of(reply: Reply[Any], stimulus: Stimulus) -> Numbers:
    """Scene embeddings, shape (n_sounds, size).

    Raises:
        CallFault: If the reply holds something else.
    """
    array = _as_numbers(reply.values[0].array) if len(reply.values) == 1 else None
    if array is None or array.ndim != 2 or len(array) != len(stimulus):
        raise _wrong(SCENE, stimulus, reply, f"({len(stimulus)}, size)")
    return array


def timestamps_of(reply: Reply[Any], stimulus: Stimulus) -> tuple[Numbers, Numbers]:
    """Timestamp embeddings (n_sounds, n_timestamps, size) and timestamps in ms.

    Raises:
        CallFault: If the reply holds something else.
    """
    n = len(stimulus)
    arrays = [_as_numbers(v.array) for v in reply.values]
    if len(arrays) == 2:
        embeddings, times = arrays
        if (
            embeddings is not None
            and times is not None
            and embeddings.ndim == 3
            and times.ndim == 2
            and embeddings.shape[:2] == times.shape
            and len(times) == n
            and times.shape[1] > 0
        ):
            return embeddings, times
    raise _wrong(TIMESTAMP, stimulus, reply, f"({n}, n_timestamps, size) and ({n}, n_timestamps)")


def embeddings_of(function: str, reply: Reply[Any], stimulus: Stimulus) -> Numbers:
    """The embeddings in a reply of either function.

    Raises:
        CallFault: If the reply holds something else.
    """
    if function == SCENE:
        return scene_of(reply, stimulus)
    return timestamps_of(reply, stimulus)[0]


def calling(function: str, stimulus: Stimulus) -> Reproduction:
    """What reproduces a call."""
    short = "scene" if function == SCENE else "timestamps"
    return reproduce(f"{short}(audio, model)", audio=stimulus)


def _wrong(function: str, stimulus: Stimulus, reply: Reply[Any], expected: str) -> CallFault:
    seen = " and ".join(map(str, reply.values)) or reply.container
    fault = Fault(
        "answer", f"returned {seen} instead of {expected}", f"{function}({stimulus.name})"
    )
    return CallFault(fault, calling(function, stimulus))
