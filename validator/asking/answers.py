"""What a reply holds, as arrays of the shapes that the contract describes."""

from __future__ import annotations

from typing import Any

from hearkit.api.contract import SCENE, TIMESTAMP
from hearkit.api.submission import Reply
from hearkit.errors import Fault

from ..stimuli import Stimulus
from . import arranged
from .arranged import Numbers
from .snippets import Reproduction, reproduce


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
    found = arranged.scenes([value.array for value in reply.values], len(stimulus))
    if found is None:
        raise _wrong(SCENE, stimulus, reply, f"({len(stimulus)}, size)")
    return found


def timestamps_of(reply: Reply[Any], stimulus: Stimulus) -> tuple[Numbers, Numbers]:
    """Timestamp embeddings (n_sounds, n_timestamps, size) and timestamps in ms.

    Raises:
        CallFault: If the reply holds something else.
    """
    n = len(stimulus)
    found = arranged.stamped([value.array for value in reply.values], n)
    if found is None:
        expected = f"({n}, n_timestamps, size) and ({n}, n_timestamps)"
        raise _wrong(TIMESTAMP, stimulus, reply, expected)
    return found


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
