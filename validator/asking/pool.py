"""Opens workers for a session, forked from a template where that is the same and quicker."""

from __future__ import annotations

import importlib.util

from hearkit import machine
from hearkit.api.facts import ModuleFacts
from hearkit.api.process import Limits, WorkerProcess
from hearkit.api.running import environment
from hearkit.api.spares import FORKABLE, Spares, shared
from hearkit.api.submission import Connection, Submission


class Pool:
    """Opens the connections of one run.

    The first worker imports everything by itself. Meanwhile the template that further ones are
    forked from imports PyTorch, where that is installed. It is used if the first import brings
    nothing else, and does nothing that would not be the same after the template's.

    Args:
        limits: What a step, and the run, may take.
        short: Whether workers get a short list of environment variables.
    """

    def __init__(self, limits: Limits, *, short: bool = False) -> None:
        self._limits = limits
        self._short = short
        self._spares: Spares | None = None
        self._is_same = False
        self._main: WorkerProcess | None = None

    def connect(self, submission: Submission) -> Connection:
        """A connection to a new worker; the first one is the main worker's."""
        if self._main is not None:
            return WorkerProcess(submission, self._limits, self._for_others, short=self._short)
        self._main = WorkerProcess(submission, self._limits, self._for_main, short=self._short)
        self._main.start()
        if submission.device == "cpu" and machine.can_fork_safely() and _installed():
            self._spares = shared(FORKABLE, environment(short=self._short))
        return self._main

    def imported(self, facts: ModuleFacts) -> None:
        """Learn from the main worker's import whether forked workers would be the same."""
        self._is_same = facts.frameworks == FORKABLE and not facts.environment_changed

    def _for_main(self) -> Spares | None:
        return self._spares if self._is_same else None

    def _for_others(self) -> Spares | None:
        # Forks share the seed of Python's hashes: what is compared with a fork must be none.
        is_forked = self._main is not None and self._main.starts > 1
        return None if is_forked else self._for_main()


def _installed() -> bool:
    return all(importlib.util.find_spec(name) for name in FORKABLE)
