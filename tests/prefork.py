"""Runs whose first worker is forked as well: no import of PyTorch for each of hundreds.

A user's first worker is a new process, which shows what an import does; the others are forked from
a template. Here both come from templates, each with a hash seed of its own, which live as long as
the tests of a process. For submissions whose import of PyTorch does nothing that would differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hearkit import machine
from hearkit.api.process import WorkerProcess
from hearkit.api.running import environment
from hearkit.api.spares import FORKABLE, Spares
from hearkit.api.submission import Connection, Submission
from validator.asking.pool import Pool


class Templates:
    """A template for first workers and one for the others, started when they are needed."""

    def __init__(self) -> None:
        self._made: dict[str, Spares] = {}

    def of(self, kind: str) -> Spares:
        """The template of a kind of worker; another one after it has died."""
        found = self._made.get(kind)
        if found is None or not found.alive:
            found = self._made[kind] = Spares(FORKABLE, environment())
        return found

    def close(self) -> None:
        """End them."""
        for template in self._made.values():
            template.close()
        self._made.clear()


@contextmanager
def forked_runs(templates: Templates) -> Iterator[None]:
    """A context in which `validate` forks all workers."""

    class Forked(Pool):
        def connect(self, submission: Submission) -> Connection:
            if self._main is not None:
                return super().connect(submission)
            self._main = WorkerProcess(submission, self._limits, lambda: templates.of("first"))
            self._main.start()
            self._spares = templates.of("other")
            return self._main

        def _for_others(self) -> Spares | None:
            return self._spares if self._is_same else None

    with pytest.MonkeyPatch.context() as patch:
        if machine.can_fork_safely():
            patch.setattr("validator.api.Pool", Forked)
        yield
