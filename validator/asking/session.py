"""What a check sees: the submission, asked by stimulus, with a memory for what was asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from hearkit.api.contract import SCENE, TIMESTAMP
from hearkit.api.facts import CallFacts, Environment, Footprint, ModelFacts, ModuleFacts
from hearkit.api.requests import Call
from hearkit.api.submission import Reply, Submission, Value
from hearkit.effect import Effect
from hearkit.errors import Fault

from ..stimuli import Stimulus
from . import arranged
from .answers import embeddings_of, scene_of, timestamps_of
from .arranged import Numbers
from .kept import Kept
from .workers import Connect, Workers

__all__ = ["SCENE", "TIMESTAMP", "Numbers", "Question", "Session"]

Facts = TypeVar("Facts")

LARGEST = 1_000_000
"""No sample rate and no embedding size is above a million; audio made for one would fill the
memory."""


@dataclass(frozen=True)
class Question:
    """A call of one of the two functions, as far as it tells one answer from another.

    Attributes:
        call: What to call, on which model.
        stimulus: The code of the audio.
        again: Any other number asks the same question anew.
        elsewhere: Whether another process is asked.
    """

    call: Call
    stimulus: str
    again: int = 0
    elsewhere: bool = False


class Session:
    """Workers with memory: a question asked twice is answered once.

    Args:
        submission: What to load.
        connect: Opens a connection to a new worker.
        seed: Seed of all random stimuli.
        parallel: Whether another worker may answer while the main one does.
        imported: Called once, with what the first import showed.

    Attributes:
        workers: Run what the session does not remember.
        effects: Side effects of all steps so far.
        calls: Function and audio of the calls among those steps, by step.
        peak_bytes: Highest resident memory of a worker in a step that answered; whoever wants
            to know it of some steps sets it to 0 before.
    """

    def __init__(
        self,
        submission: Submission,
        connect: Connect,
        *,
        seed: int = 0,
        parallel: bool = False,
        imported: Callable[[ModuleFacts], None] = lambda _: None,
    ) -> None:
        self.submission = submission
        self.seed = seed
        self._parallel = parallel
        self._tell_imported = imported
        self._begin = time.perf_counter()
        self.workers = Workers(submission, connect)
        self.effects: list[Effect] = []
        self.calls: dict[str, tuple[str, Stimulus]] = {}
        self.peak_bytes = 0
        self._answers = Kept()

    def close(self) -> None:
        """End the workers."""
        self.workers.close()
        self._answers.close()

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since the session began."""
        return time.perf_counter() - self._begin

    def imported(self) -> Reply[ModuleFacts]:
        """The reply to importing the module.

        Raises:
            Fault: If it raises, exits, crashes or hangs.
        """
        is_first = "import" not in self._answers
        reply = self._remember("import", self.workers.import_module)
        if is_first:
            self._tell_imported(reply.facts)
        return reply

    def loaded(
        self, slot: str = "main", arguments: tuple[str, ...] | None = None
    ) -> Reply[ModelFacts]:
        """The reply to loading a model into a slot.

        Args:
            slot: A name; models in different slots are different objects.
            arguments: What to call `load_model` with instead of the submission's weights.

        Raises:
            Fault: If it raises, exits, crashes or hangs.
        """
        given = self.arguments() if arguments is None else arguments
        return self._remember(("load", slot), lambda: self.workers.load(slot, given))

    def probed(self, *arguments: str) -> Reply[ModelFacts] | Fault:
        """What comes of loading a model with other arguments, which is then forgotten.

        Side effects are those of the probe, and for whoever asks to judge: the submission is not
        evaluated so.

        Args:
            arguments: What to call `load_model` with instead of the submission's weights.
        """
        try:
            return self.workers.load("probe", arguments)
        except Fault as fault:
            return fault
        finally:
            self.drop("probe")

    def reload(self, seed: int) -> Reply[ModelFacts]:
        """Load once more, the global random state seeded before."""
        return self.workers.load("reload", self.arguments(), seed)

    def drop(self, slot: str) -> None:
        """Forget the model in a slot."""
        self._answers.discard(("load", slot))
        self.workers.drop(slot)

    def facts(self) -> ModelFacts:
        """What is known of the model: type, framework, attributes."""
        return self.loaded().facts

    @property
    def framework(self) -> str:
        """`torch` or `tensorflow`."""
        return self.facts().framework

    @property
    def sample_rate(self) -> int:
        """Hz, as the model says."""
        return self._number("sample_rate")

    def size(self, function: str) -> int:
        """The embedding size that the model says it has, for a function.

        Raises:
            Fault: If it says no such number.
        """
        return self._number(
            "scene_embedding_size" if function == SCENE else "timestamp_embedding_size"
        )

    def _number(self, name: str) -> int:
        attribute = self.facts().attributes[name]
        if attribute.number is None or not 0 < attribute.number <= LARGEST:
            said = attribute.text or "missing"
            raise Fault("answer", f"the model's {name} is {said}", f"reading {name}")
        return int(attribute.number)

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
        width: int = 0,
    ) -> Reply[CallFacts]:
        """The reply of one of the two embedding functions.

        Args:
            function: `SCENE` or `TIMESTAMP`.
            stimulus: The batch to embed.
            slot: Which loaded model to use.
            layout: `sliced` or `strided` for audio that is not contiguous.
            seed: Seed the global random state just before.
            again: Any other number asks the same question anew.
            keep: Whether to remember the reply.
            width: Most numbers of an embedding that come back, see `hearkit.api.Call`.

        Raises:
            Fault: If the call does not return.
        """
        call = Call(function, slot, layout, seed, width=width)

        def ask() -> Reply[CallFacts]:
            return self.workers.call(call, stimulus, self.sample_rate, self.arguments())

        return self._remember(
            Question(call, stimulus.code, again), ask, keep=keep, calls=(function, stimulus)
        )

    def values(self, function: str, stimulus: Stimulus) -> tuple[Value, ...]:
        """What a call returned, in order: the embeddings, then timestamps if there are any.

        Raises:
            Fault: If the call does not return.
        """
        return arranged.described(function, self.call(function, stimulus))

    def scene(self, stimulus: Stimulus, **options: Any) -> Numbers:
        """Scene embeddings, shape (n_sounds, size); options as for `call`.

        Raises:
            Fault: If the call fails or returns something else.
        """
        return scene_of(self.call(SCENE, stimulus, **options), stimulus)

    def timestamps(self, stimulus: Stimulus, **options: Any) -> tuple[Numbers, Numbers]:
        """Timestamp embeddings (n_sounds, n_timestamps, size) and timestamps in ms.

        Raises:
            Fault: If the call fails or returns something else.
        """
        return timestamps_of(self.call(TIMESTAMP, stimulus, **options), stimulus)

    def embed(self, function: str, stimulus: Stimulus, **options: Any) -> Numbers:
        """The embeddings that either function returns."""
        return embeddings_of(function, self.call(function, stimulus, **options), stimulus)

    def elsewhere(self, function: str, stimulus: Stimulus) -> Numbers:
        """What either function returns in another process, where less was asked before.

        Raises:
            Fault: If import, load or call fail there.
        """
        call = Call(function)

        def ask() -> Reply[CallFacts]:
            return self.workers.call_elsewhere(call, stimulus, self.sample_rate, self.arguments())

        reply = self._remember(Question(call, stimulus.code, elsewhere=True), ask)
        return embeddings_of(function, reply, stimulus)

    def extended(self, function: str, **arguments: Any) -> dict[str, Any]:
        """What a function of the validator returns in a worker of its own, asked once.

        Args:
            function: See `hearkit.api.requests.Extend`.
            arguments: Plain JSON values.
        """
        reply = self._remember(
            ("extend", function), lambda: self.workers.extend(function, **arguments)
        )
        return dict(reply.facts.result)

    def begin_extending(self, function: str, **arguments: Any) -> None:
        """Begin what `extended` is going to be asked, where that can be done meanwhile."""
        if self._parallel and ("extend", function) not in self._answers:
            self.workers.begin_extending(function, **arguments)

    def settle(self) -> None:
        """Wait a moment, once, for what threads still do after the calls."""
        self._remember("settle", self.workers.settle)

    def footprint(self) -> Footprint:
        """What the worker keeps."""
        return self.workers.footprint()

    def environment(self) -> Environment:
        """Versions of what the submission runs on, as the worker sees them."""
        return self.workers.environment()

    @property
    def cured(self) -> list[Fault]:
        """Calls that raised after earlier calls, and did not with a freshly loaded model."""
        return self.workers.cured

    def arguments(self) -> tuple[str, ...]:
        """What `load_model` is called with: the weights, or nothing.

        Without weights, a `load_model` that demands a path gets an empty one: that it has no
        default is for one check to say, and the others can go on.
        """
        if self.submission.weights:
            return (str(self.submission.weights),)
        known = self._answers.get("import")
        function = known.facts.functions["load_model"] if isinstance(known, Reply) else None
        parameters = (function.parameters if function else None) or ()
        first = next((p for p in parameters if p.positional), None)
        return ("",) if first and not first.default else ()

    def known_framework(self, default: str = "torch") -> str:
        """The model's framework, where one was loaded."""
        loaded = self._answers.get(("load", "main"))
        framework = loaded.facts.framework if isinstance(loaded, Reply) else ""
        return framework or default

    def _remember(
        self,
        key: Hashable,
        ask: Callable[[], Reply[Facts]],
        *,
        keep: bool = True,
        calls: tuple[str, Stimulus] | None = None,
    ) -> Reply[Facts]:
        answer: Reply[Any] | Fault
        if key in self._answers:
            answer = self._answers[key]
        else:
            try:
                answer = ask()
            except Fault as fault:
                answer = fault
            self.effects.extend(answer.effects)
            if calls is not None:
                # Only what had effects: the audio of all calls would fill the memory.
                self.calls |= dict.fromkeys((effect.step for effect in answer.effects), calls)
            if isinstance(answer, Reply):
                self.peak_bytes = max(self.peak_bytes, answer.peak_bytes)
            if keep:
                self._answers[key] = answer
        if isinstance(answer, Fault):
            raise answer
        return answer
