"""Opens workers for a session, forked from a template where that is the same and quicker."""

from __future__ import annotations

from types import TracebackType

from hearkit import machine
from hearkit.api.facts import ModuleFacts
from hearkit.api.process import Limits, WorkerProcess, environment
from hearkit.api.spares import FORKABLE, Spares
from hearkit.api.submission import Connection, Submission


class Pool:
    """A context in which connections are opened; at its end the template is gone.

    The first worker imports everything by itself. Once it is known which framework that brings,
    further ones begin with it, unless something of the import would not be the same there.

    Args:
        limits: What a step may take.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._spares: Spares | None = None
        self._main: WorkerProcess | None = None

    def __enter__(self) -> Pool:
        """See the class."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the template."""
        if self._spares is not None:
            self._spares.close()

    def connect(self, submission: Submission) -> Connection:
        """A connection to a new worker; the first one is the main worker's."""
        if self._main is None:
            self._main = WorkerProcess(submission, self._limits, self._for_main)
            self._main.start()
            return self._main
        return WorkerProcess(submission, self._limits, self._for_others)

    def imported(self, facts: ModuleFacts, device: str) -> None:
        """Start the template, if the main worker's import shows that it would be the same."""
        if (
            self._spares is None
            and device == "cpu"
            and machine.can_fork_safely()
            and facts.frameworks
            and set(facts.frameworks) <= set(FORKABLE)
            and not facts.environment_changed
        ):
            self._spares = Spares(facts.frameworks, environment())

    def _for_main(self) -> Spares | None:
        return self._spares

    def _for_others(self) -> Spares | None:
        # Forks share the seed of Python's hashes: what is compared with a fork must be none.
        is_forked = self._main is not None and self._main.starts > 1
        return None if is_forked else self._spares
