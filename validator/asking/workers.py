"""The workers of a run: the main one, which is started again if it ends, and others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hearkit.api.facts import CallFacts, Environment, Footprint, ModelFacts, ModuleFacts
from hearkit.api.requests import Call, Describe, Drop, Extend, Import, Load, Measure, Settle
from hearkit.api.submission import Connection, Reply, Submission
from hearkit.errors import Fault, OutOfTimeError

from ..stimuli import Stimulus
from .answers import CallFault, calling
from .meanwhile import Meanwhile

_SECONDS_PER_SECOND = 2.0
"""Extra seconds of time limit for every second of audio in a call."""

_MOST_INCURABLE = 3
"""Calls that also fail with a freshly loaded model; after so many it is not tried any more."""

_PACKAGE = Path(__file__).resolve().parent.parent

Connect = Callable[[Submission], Connection]


class Workers:
    """Runs steps in workers.

    Args:
        submission: What to load.
        connect: Opens a connection to a new worker; the first one is the main worker's.

    Attributes:
        cured: Calls that raised after earlier calls, and did not with a freshly loaded model.
            It is for the checks of repeatability to report them; the others go on.
    """

    def __init__(self, submission: Submission, connect: Connect) -> None:
        self._submission = submission
        self._connect = connect
        self._main = connect(submission)
        self._other: Connection | None = None
        self._begun: dict[str, Meanwhile] = {}
        self._ready: set[str] = set()
        self._used: set[str] = set()
        self._starts = 0
        self._incurable = 0
        self.cured: list[Fault] = []

    def close(self) -> None:
        """End all workers."""
        for begun in self._begun.values():
            begun.close()
        self._main.close()
        if self._other is not None:
            self._other.close()

    def import_module(self) -> Reply[ModuleFacts]:
        """Import the submission in the main worker."""
        reply = self._main.ask(Import(), step=f"import {self._submission.module}")
        self._starts = self._main.starts
        return reply

    def load(
        self, slot: str, arguments: Sequence[str], seed: int | None = None
    ) -> Reply[ModelFacts]:
        """Load a model into a slot of the main worker."""
        self._revive()
        shown = ", ".join(map(repr, arguments))
        reply = self._main.ask(Load(slot, tuple(arguments), seed), step=f"load_model({shown})")
        self._ready.add(slot)
        self._used.discard(slot)
        return reply

    def drop(self, slot: str) -> None:
        """Forget the model in a slot."""
        self._ready.discard(slot)
        if self._main.alive:
            self._main.ask(Drop(slot), step="freeing a model")

    def call(
        self, request: Call, stimulus: Stimulus, sample_rate: int, arguments: Sequence[str]
    ) -> Reply[CallFacts]:
        """Call a function in the main worker, the model loaded before if need be."""
        self._revive()
        if request.slot not in self._ready:
            self.load(request.slot, arguments)

        def ask() -> Reply[CallFacts]:
            return _call(self._main, request, stimulus, sample_rate)

        try:
            reply = ask()
        except Fault as fault:
            located = CallFault(fault, calling(request.function, stimulus))
            reply = self._cure(located, request.slot, arguments, ask)
        self._used.add(request.slot)
        return reply

    def call_elsewhere(
        self, request: Call, stimulus: Stimulus, sample_rate: int, arguments: Sequence[str]
    ) -> Reply[CallFacts]:
        """Call a function in another process, where less was asked before."""
        if self._other is None or not self._other.alive:
            self._other = self._other or self._connect(self._submission)
            self._other.ask(Import(), step=f"import {self._submission.module} in a new process")
            self._other.ask(Load(arguments=tuple(arguments)), step="load_model in a new process")
        try:
            return _call(self._other, request, stimulus, sample_rate, where=" in a new process")
        except Fault as fault:
            raise CallFault(fault, calling(request.function, stimulus)) from None

    def extend(self, function: str, **arguments: Any) -> Reply[Any]:
        """Run a function of the validator in a worker that is used for nothing else.

        Args:
            function: Its place, see `hearkit.api.requests.Extend`.
            arguments: Plain JSON values.
        """
        begun = self._begun.get(function)
        if begun is not None:
            return begun.answer()
        other, self._other = self._other or self._connect(self._submission), None
        try:
            return self._extension(function, arguments)(other)
        finally:
            other.close()

    def begin_extending(self, function: str, **arguments: Any) -> None:
        """Begin what `extend` is going to be asked, in a worker of its own."""
        connection = self._connect(self._submission)
        self._begun[function] = Meanwhile(connection, self._extension(function, arguments))

    def _extension(
        self, function: str, arguments: Mapping[str, Any]
    ) -> Callable[[Connection], Reply[Any]]:
        def ask(other: Connection) -> Reply[Any]:
            if not other.alive:
                other.ask(Import(), step=f"import {self._submission.module}")
            request = Extend(str(_PACKAGE), function, arguments)
            return other.ask(request, step="a simulated GPU")

        return ask

    @contextmanager
    def on_device(self, device: str, arguments: Sequence[str]) -> Iterator[Connection]:
        """A worker of its own that has loaded the model, on a device of its own."""
        connection = self._connect(replace(self._submission, device=device))
        try:
            connection.ask(Import(), step=f"import {self._submission.module}")
            connection.ask(Load(arguments=tuple(arguments)), step="load_model")
            yield connection
        finally:
            connection.close()

    def settle(self) -> Reply[Any]:
        """Wait a moment for what threads still do after the calls."""
        return self._main.ask(Settle(), step="waiting")

    def footprint(self) -> Footprint:
        """What the main worker keeps."""
        return self._main.ask(Measure(), step="measuring").facts

    def environment(self) -> Environment:
        """Versions of what the submission runs on; empty where the worker does not answer."""
        try:
            return self._main.ask(Describe(), step="looking around").facts
        except (Fault, OutOfTimeError):
            return Environment()

    def _cure(
        self,
        fault: CallFault,
        slot: str,
        arguments: Sequence[str],
        ask: Callable[[], Reply[CallFacts]],
    ) -> Reply[CallFacts]:
        """Ask again with a freshly loaded model, if earlier calls may have broken this one."""
        if fault.kind != "exception" or slot != "main" or slot not in self._used:
            raise fault
        if self._incurable == _MOST_INCURABLE:
            raise fault
        try:
            self.load(slot, arguments)
            reply = ask()
        except Fault:
            self._incurable += 1
            raise fault from None
        self.cured.append(fault)
        return reply

    def _revive(self) -> None:
        """Import again after the worker was replaced, so that the run can go on."""
        if not self._main.alive or self._main.starts != self._starts:
            self._ready.clear()
            self._used.clear()
            self.import_module()


def _call(
    connection: Connection, request: Call, stimulus: Stimulus, sample_rate: int, where: str = ""
) -> Reply[CallFacts]:
    return connection.ask(
        request,
        step=f"{request.function}({stimulus.name}){where}",
        audio=stimulus.audio,
        seconds=stimulus.audio.size / sample_rate * _SECONDS_PER_SECOND,
    )
