"""What a check sees: the submission, asked by stimulus, with a memory for what was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .snippets import program
from .stimuli import Stimulus
from .submission import Connection, Effect, Reply, Submission, SubmissionFault

SCENE = "get_scene_embeddings"
TIMESTAMP = "get_timestamp_embeddings"

_SECONDS_PER_SECOND = 2.0
"""Extra seconds of time limit for every second of audio in a call."""

_MOST_INCURABLE = 3
"""Calls that also fail with a freshly loaded model; after so many it is not tried any more."""

Numbers = NDArray[np.floating]


class Session:
    """A `Connection` with memory: a question asked twice is answered once.

    Args:
        submission: What to load.
        connect: Opens a connection to a new worker.
        seed: Seed of all random stimuli.

    Attributes:
        effects: What all steps so far did besides answering.
        cured: Calls that raised after earlier calls, and did not with a freshly loaded model.
            It is for the checks of repeatability to report them; the others go on.
        peak_bytes: Highest resident memory of a worker in a step that answered; whoever wants
            to know it of some steps sets it to 0 before.
    """

    def __init__(
        self,
        submission: Submission,
        connect: Callable[[Submission], Connection],
        *,
        seed: int = 0,
    ) -> None:
        self.submission = submission
        self.seed = seed
        self.effects: list[Effect] = []
        self.cured: list[SubmissionFault] = []
        self.peak_bytes = 0
        self._connect = connect
        self._connection = connect(submission)
        self._answers: dict[tuple[Any, ...], Reply | SubmissionFault] = {}
        self._ready: set[str] = set()
        self._used: set[str] = set()
        self._incurable = 0
        self._starts = 0
        self._other: Connection | None = None

    def close(self) -> None:
        """End the workers."""
        self._connection.close()
        if self._other is not None:
            self._other.close()

    def imported(self) -> Reply:
        """The reply to importing the module.

        Raises:
            SubmissionFault: If it raises, exits, crashes or hangs.
        """
        return self._remember(("import",), self._import)

    def loaded(self, slot: str = "main", arguments: tuple[str, ...] | None = None) -> Reply:
        """The reply to loading a model into a slot.

        Args:
            slot: A name; models in different slots are different objects.
            arguments: What to call `load_model` with instead of the submission's weights.

        Raises:
            SubmissionFault: If it raises, exits, crashes or hangs.
        """
        key = ("load", slot, arguments)
        return self._remember(key, lambda: self._load(slot, arguments))

    def reload(self, seed: int) -> Reply:
        """Load once more, the global random state seeded before."""
        return self._load("reload", None, seed=seed)

    def drop(self, slot: str) -> None:
        """Forget the model in a slot."""
        self._ready.discard(slot)
        for key in [k for k in self._answers if k[:2] == ("load", slot)]:
            del self._answers[key]
        if self._connection.alive:
            self._connection.request("drop", step="freeing a model", slot=slot)

    def facts(self) -> dict[str, Any]:
        """What is known of the model: type, framework, attributes."""
        return dict(self.loaded().facts)

    @property
    def framework(self) -> str:
        """`torch` or `tensorflow`."""
        return str(self.facts().get("framework", ""))

    @property
    def sample_rate(self) -> int:
        """Hz, as the model says."""
        return int(self.facts()["attributes"]["sample_rate"]["number"])

    def size(self, function: str) -> int:
        """The embedding size that the model says it has, for a function."""
        name = "scene_embedding_size" if function == SCENE else "timestamp_embedding_size"
        return int(self.facts()["attributes"][name]["number"])

    def samples(self, seconds: float) -> int:
        """How many samples are this many seconds."""
        return round(seconds * self.sample_rate)

    def call(
        self,
        function: str,
        stimulus: Stimulus,
        *,
        slot: str = "main",
        layout: str = "",
        seed: int | None = None,
        again: int = 0,
        keep: bool = True,
    ) -> Reply:
        """The reply of one of the two embedding functions.

        Args:
            function: `SCENE` or `TIMESTAMP`.
            stimulus: The batch to embed.
            slot: Which loaded model to use.
            layout: `sliced` or `strided` for audio that is not contiguous.
            seed: Seed the global random state just before.
            again: Any other number asks the same question anew.
            keep: Whether to remember the reply.

        Raises:
            SubmissionFault: If the call does not return.
        """
        key = (function, stimulus.code, slot, layout, seed, again)
        return self._remember(
            key, lambda: self._call(function, stimulus, slot, layout, seed), keep=keep
        )

    def scene(self, stimulus: Stimulus, **options: Any) -> Numbers:
        """Scene embeddings, shape (n_sounds, size); options as for `call`.

        Raises:
            SubmissionFault: If the call fails or returns something else.
        """
        return self._scene_in(self.call(SCENE, stimulus, **options), stimulus)

    def _scene_in(self, reply: Reply, stimulus: Stimulus) -> Numbers:
        array = reply.values[0].array if len(reply.values) == 1 else None
        if array is None or array.ndim != 2 or len(array) != len(stimulus):
            raise self._wrong_answer(SCENE, stimulus, reply, f"({len(stimulus)}, size)")
        return array

    def timestamps(self, stimulus: Stimulus, **options: Any) -> tuple[Numbers, Numbers]:
        """Timestamp embeddings (n_sounds, n_timestamps, size) and timestamps in ms.

        Raises:
            SubmissionFault: If the call fails or returns something else.
        """
        return self._timestamps_in(self.call(TIMESTAMP, stimulus, **options), stimulus)

    def _timestamps_in(self, reply: Reply, stimulus: Stimulus) -> tuple[Numbers, Numbers]:
        n = len(stimulus)
        arrays = [v.array for v in reply.values]
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
        raise self._wrong_answer(
            TIMESTAMP, stimulus, reply, f"({n}, n_timestamps, size) and ({n}, n_timestamps)"
        )

    def embed(self, function: str, stimulus: Stimulus, **options: Any) -> Numbers:
        """The embeddings that either function returns."""
        return self.only_embeddings(function, stimulus, self.call(function, stimulus, **options))

    def only_embeddings(self, function: str, stimulus: Stimulus, reply: Reply) -> Numbers:
        """The embeddings in a reply of either function.

        Raises:
            SubmissionFault: If the reply holds something else.
        """
        if function == SCENE:
            return self._scene_in(reply, stimulus)
        return self._timestamps_in(reply, stimulus)[0]

    def elsewhere(self, function: str, stimulus: Stimulus) -> Numbers:
        """What either function returns in another process, where less was asked before.

        Raises:
            SubmissionFault: If import, load or call fail there.
        """

        def ask() -> Reply:
            if self._other is None or not self._other.alive:
                self._other = self._other or self._connect(self.submission)
                module, arguments = self.submission.module, list(self.arguments())
                self._other.request("import", step=f"import {module} in a new process")
                self._other.request(
                    "load", step="load_model in a new process", slot="main", arguments=arguments
                )
            try:
                return self._request_call(self._other, function, stimulus, in_new=True)
            except SubmissionFault as fault:
                fault.snippet = self._call_snippet(function, stimulus)
                raise

        reply = self._remember((function, stimulus.code, "elsewhere"), ask)
        return self.only_embeddings(function, stimulus, reply)

    def simulated(self, mode: str) -> dict[str, Any]:
        """What a simulated GPU showed, in another process; see `frameworks.torch_simulation`.

        Args:
            mode: `gpu` for model and audio on the GPU, `cpu` for a GPU that nobody asked for.
        """

        def ask() -> Reply:
            # The simulation changes how PyTorch behaves: nothing can be asked there afterwards.
            other, self._other = self._other or self._connect(self.submission), None
            try:
                if not other.alive:
                    other.request("import", step=f"import {self.submission.module}")
                return other.request(
                    "simulate",
                    step="a simulated GPU",
                    arguments=list(self.arguments()),
                    sample_rate=self.sample_rate,
                )
            finally:
                other.close()

        return dict(self._remember(("simulate",), ask).facts[mode])

    def settle(self) -> None:
        """Wait a moment, once, for what threads still do after the calls."""
        self._remember(("settle",), lambda: self._connection.request("settle", step="waiting"))

    def footprint(self) -> dict[str, Any]:
        """`bytes` and `objects` that the worker keeps, and whether the bytes are `exact`."""
        return dict(self._connection.request("footprint", step="measuring").facts)

    def environment(self) -> dict[str, Any]:
        """Versions of what the submission runs on, as the worker sees them."""
        try:
            return dict(self._connection.request("environment", step="looking around").facts)
        except SubmissionFault:
            return {}

    @contextmanager
    def aside(self, device: str = "cpu") -> Iterator[Connection]:
        """A worker of its own that has imported the module, on a device of its own."""
        connection = self._connect(replace(self.submission, device=device))
        try:
            connection.request("import", step=f"import {self.submission.module}")
            yield connection
        finally:
            connection.close()

    def arguments(self) -> tuple[str, ...]:
        """What `load_model` is called with: the weights, or nothing.

        Without weights, a `load_model` that demands a path gets an empty one: that it has no
        default is for one check to say, and the others can go on.
        """
        if self.submission.weights:
            return (str(self.submission.weights),)
        imported = self._answers.get(("import",))
        functions = imported.facts.get("functions", {}) if imported else {}
        function = functions.get("load_model") or {}
        first = next((p for p in function.get("parameters", ()) if p["positional"]), None)
        return ("",) if first and not first["default"] else ()

    def snippet(self, *lines: str, **stimuli: Stimulus) -> str:
        """Python that reproduces a finding: loads the model, makes the audio, then the lines.

        Args:
            lines: What to run, as `snippets.program` describes it.
            stimuli: The audio, by variable name.
        """
        framework = self._framework_or("torch")
        return program(self.submission, self.arguments(), framework, lines, stimuli)

    def _framework_or(self, default: str) -> str:
        loaded = self._answers.get(("load", "main", None))
        return str(loaded.facts.get("framework") or default) if loaded else default

    def _remember(
        self, key: tuple[Any, ...], ask: Callable[[], Reply], *, keep: bool = True
    ) -> Reply:
        if key not in self._answers:
            try:
                answer: Reply | SubmissionFault = ask()
            except SubmissionFault as fault:
                answer = fault
            self.effects.extend(answer.effects)
            if isinstance(answer, Reply):
                self.peak_bytes = max(self.peak_bytes, answer.peak_bytes)
            if not keep:
                return self._unwrap(answer)
            self._answers[key] = answer
        return self._unwrap(self._answers[key])

    @staticmethod
    def _unwrap(answer: Reply | SubmissionFault) -> Reply:
        if isinstance(answer, SubmissionFault):
            raise answer
        return answer

    def _import(self) -> Reply:
        reply = self._connection.request("import", step=f"import {self.submission.module}")
        self._starts = self._connection.starts
        return reply

    def _load(
        self, slot: str, arguments: tuple[str, ...] | None, *, seed: int | None = None
    ) -> Reply:
        self._revive()
        given = self.arguments() if arguments is None else arguments
        shown = ", ".join(map(repr, given))
        reply = self._connection.request(
            "load", step=f"load_model({shown})", slot=slot, arguments=list(given), seed=seed
        )
        self._ready.add(slot)
        self._used.discard(slot)
        return reply

    def _call(
        self, function: str, stimulus: Stimulus, slot: str, layout: str, seed: int | None
    ) -> Reply:
        self._revive()
        if slot not in self._ready:
            self._load(slot, None)

        def ask() -> Reply:
            return self._request_call(self._connection, function, stimulus, slot, layout, seed)

        try:
            reply = ask()
        except SubmissionFault as fault:
            fault.snippet = self._call_snippet(function, stimulus)
            reply = self._cure(fault, slot, ask)
        self._used.add(slot)
        return reply

    def _request_call(
        self,
        connection: Connection,
        function: str,
        stimulus: Stimulus,
        slot: str = "main",
        layout: str = "",
        seed: int | None = None,
        *,
        in_new: bool = False,
    ) -> Reply:
        return connection.request(
            "call",
            step=f"{function}({stimulus.name})" + " in a new process" * in_new,
            audio=stimulus.audio,
            seconds=stimulus.audio.size / self.sample_rate * _SECONDS_PER_SECOND,
            function=function,
            slot=slot,
            layout=layout,
            seed=seed,
        )

    def _cure(self, fault: SubmissionFault, slot: str, ask: Callable[[], Reply]) -> Reply:
        """Ask again with a freshly loaded model, if earlier calls may have broken this one."""
        if fault.kind != "exception" or slot != "main" or slot not in self._used:
            raise fault
        if self._incurable == _MOST_INCURABLE:
            raise fault
        try:
            self._load(slot, None)
            reply = ask()
        except SubmissionFault:
            self._incurable += 1
            raise fault from None
        self.cured.append(fault)
        return reply

    def _call_snippet(self, function: str, stimulus: Stimulus) -> str:
        short = "scene" if function == SCENE else "timestamps"
        return self.snippet(f"{short}(audio, model)", audio=stimulus)

    def _revive(self) -> None:
        """Import again after the worker was replaced, so that the run can go on."""
        if not self._connection.alive or self._connection.starts != self._starts:
            self._ready.clear()
            self._used.clear()
            self._import()

    def _wrong_answer(
        self, function: str, stimulus: Stimulus, reply: Reply, expected: str
    ) -> SubmissionFault:
        seen = " and ".join(map(str, reply.values)) or reply.container
        return SubmissionFault(
            "answer",
            f"returned {seen} instead of {expected}",
            f"{function}({stimulus.name})",
            snippet=self._call_snippet(function, stimulus),
        )
