"""A `Connection` without a process of its own: quick, and without protection."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from ..effect import Effect
from ..errors import EndedError
from ..text import one_line
from .replies import fault_of
from .requests import Request
from .submission import Reply, Submission
from .worker import describe
from .worker.operations import Operations

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .worker.audit import Watch

Facts = TypeVar("Facts")


class LocalConnection:
    """Calls the submission in this process.

    If the submission crashes, exits or hangs, so does the caller. Side effects of a step are seen
    only with a `Watch`, which stays in the process until it ends.

    Args:
        submission: What to load; the current folder is searched first.
        watch: See `worker.operations.Operations`.
    """

    starts = 1

    def __init__(self, submission: Submission, watch: Watch | None = None) -> None:
        self._operations = Operations(submission.module, submission.device, watch)
        self.alive = False

    def ask(
        self,
        request: Request[Facts],
        *,
        step: str,
        audio: NDArray[np.float32] | None = None,
        seconds: float = 0.0,  # noqa: ARG002 - nothing limits a step here
    ) -> Reply[Facts]:
        """See `submission.Connection.ask`.

        Raises:
            KeyboardInterrupt: If the user interrupts a step.
            EndedError: If a signal asks this process to end meanwhile.
        """
        here = str(Path.cwd())
        if here not in sys.path:
            sys.path.insert(0, here)
            importlib.invalidate_caches()
        self.alive = True
        answer = self._operations.carry_out(request, audio)
        seen = tuple(Effect(one_line(kind), one_line(what), step) for kind, what in answer.effects)
        if isinstance(answer.error, (KeyboardInterrupt, EndedError)):
            raise answer.error
        if answer.error is not None:
            raise fault_of(describe.fault(answer.error), step, seen) from answer.error
        return Reply(
            answer.facts, answer.container, answer.values, answer.opened, seen, answer.seconds
        )

    @property
    def module(self) -> ModuleType:
        """The imported module."""
        return self._operations.module

    def model(self, slot: str = "main") -> Any:
        """What `load_model` returned."""
        return self._operations.models[slot]

    def close(self) -> None:
        """Forget the models; what was imported stays in the process."""
        self._operations.models.clear()
        self.alive = False
