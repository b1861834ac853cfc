"""Any HEAR module behind one call: a batch of sounds of one length becomes embeddings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..api.contract import FUNCTIONS, SCENE, TIMESTAMP
from ..api.facts import CallFacts, Digests, ModelFacts
from ..api.requests import Call, Digest, Import, Load, Request
from ..api.submission import Connection, Reply, Submission, Value, not_found
from ..errors import Fault, HearError, LostError, SubmissionError, UsageError
from .key import Later, key_of, place_now, read_later

Facts = TypeVar("Facts")

_SECONDS_PER_SECOND = 10.0
"""Extra seconds of time limit for every second of audio: large models on a slow CPU need some."""

_LOADING_S = 300.0
"""Extra seconds to import and to load: a short limit is meant for what hangs on a sound."""

_AT_ONCE = 1 << 20
"""Numbers that are looked at together; 4 MB."""

_ENDING = ("crash", "timeout", "memory")
"""Kinds of faults after which there is no worker any more."""


@dataclass(frozen=True)
class Embedded:
    """The embeddings of one sound.

    Attributes:
        scene_embedding: float32, shape (scene_embedding_size,).
        timestamp_embeddings: float32, shape (n_timestamps, timestamp_embedding_size).
        timestamps: float32, shape (n_timestamps,), milliseconds.
    """

    scene_embedding: NDArray[np.float32]
    timestamp_embeddings: NDArray[np.float32]
    timestamps: NDArray[np.float32]


class Embedder:
    """A loaded HEAR module, loaded again after it ended its process.

    Args:
        submission: What to load.
        connect: Opens a connection to it.
        weights: The path of the submission's weights as the user wrote it, such as `./weights.pt`.

    Attributes:
        name: The module's name.
        weights: The checkpoint's path as it was given, or "".
        sample_rate: Hz that the model takes.
        scene_size: Numbers of a scene embedding.
        timestamp_size: Numbers of a timestamp embedding.
        peak_bytes: Peak memory of the last call, on the GPU if the model is on one; 0 if it was
            not measured.
        on_gpu: Whether `peak_bytes` is the GPU's.
        key: Digest of the module's name, our version, and the contents of every file that the
            process has read while it imported the module and loaded the model.
        later: Files that calls have read since then.

    Raises:
        UsageError: If the module or the device do not exist.
        SubmissionError: If the module cannot be imported or loaded.
    """

    def __init__(
        self,
        submission: Submission,
        connect: Callable[[Submission], Connection],
        *,
        weights: str | None = None,
    ) -> None:
        if not all(part.isidentifier() for part in submission.module.split(".")):
            raise UsageError(
                f"--module {submission.module}: write it as after import, such as package.module"
            )
        self.name = submission.module
        self.weights = weights or str(submission.weights or "")
        self._connection = connect(submission)
        self._starts = 0
        self.peak_bytes, self.on_gpu = 0, False
        try:
            facts = self._open()
            self.sample_rate = self._attribute(facts, "sample_rate")
            self.scene_size = self._attribute(facts, "scene_embedding_size")
            self.timestamp_size = self._attribute(facts, "timestamp_embedding_size")
            self._identify()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def embed(self, sounds: list[NDArray[np.float32]]) -> list[Embedded]:
        """Embed sounds of one length as a batch.

        Raises:
            SubmissionError: If a call does not return, or returns something else than the API
                asks for.
            LostError: If the module ended its process before and cannot be loaded again.
        """
        audio = self._batch(sounds)  # crosses to the worker once, for both functions
        embeddings, times = self._timestamps(audio)
        scenes = self._scenes(audio)
        return [Embedded(*parts) for parts in zip(scenes, embeddings, times, strict=True)]

    def scenes(self, sounds: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Scene embeddings of sounds of one length, shape (n_sounds, scene_embedding_size).

        Raises:
            SubmissionError: See `embed`.
            LostError: See `embed`.
        """
        return self._scenes(self._batch(sounds))

    def timestamps(
        self, sounds: list[NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Timestamp embeddings of sounds of one length.

        Returns:
            Embeddings, shape (n_sounds, n_timestamps, timestamp_embedding_size), and timestamps
            in ms, shape (n_sounds, n_timestamps).

        Raises:
            SubmissionError: See `embed`.
            LostError: See `embed`.
        """
        return self._timestamps(self._batch(sounds))

    def _batch(self, sounds: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Sounds as one array that cannot be changed, for a model that is loaded."""
        self._restore()
        audio = np.stack(sounds) if len(sounds) > 1 else sounds[0][None]  # a view: may be long
        audio.flags.writeable = False
        return audio

    def _scenes(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        scene = self._call(SCENE, audio)
        shape = (len(audio), self.scene_size)
        if len(scene.values) != 1 or scene.container == "dict":
            raise self._misfit(SCENE, f"a {scene.container}", shape)
        return self._array(SCENE, scene.values[0], shape)

    def _timestamps(
        self, audio: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        stamped = self._call(TIMESTAMP, audio)
        if len(stamped.values) != 2 or stamped.container == "dict":
            raise SubmissionError(
                f"{self.name}.{TIMESTAMP} returned no pair of embeddings and timestamps; "
                f"hear-validate {self.name} tells more"
            )
        n = len(audio)
        embeddings = self._array(
            TIMESTAMP, stamped.values[0], (n, "n_timestamps", self.timestamp_size)
        )
        return embeddings, self._array(TIMESTAMP, stamped.values[1], (n, embeddings.shape[1]))

    def _restore(self) -> None:
        """Load the model again where its process has ended."""
        if self._connection.alive and self._connection.starts == self._starts:
            return
        # A process that ended after its answer is no fault of the sounds that come next.
        self._connection.close()
        try:
            self._open()
            # Where code or weights have changed meanwhile, the results from here on are of those.
            self._identify()
        except HearError as error:
            raise LostError(
                f"{self.name} ended its process and cannot be loaded again: {error}"
            ) from error

    def _open(self) -> ModelFacts:
        """Import the module and load the model."""
        try:
            module = self._connection.ask(
                Import(), step=f"import {self.name}", seconds=_LOADING_S
            ).facts
        except Fault as fault:
            if fault.kind == "usage":
                raise UsageError(f"--module {fault.message}") from None
            missing = fault.missing
            if missing and (self.name == missing or self.name.startswith(missing + ".")):
                raise UsageError(not_found(self.name)) from None
            raise _failure(
                f"importing {self.name}", fault, f"{self.name} cannot be imported"
            ) from fault
        lacking = [f for f in FUNCTIONS if not (found := module.functions[f]) or not found.callable]
        if lacking:
            raise SubmissionError(f"{self.name} has no {', '.join(lacking)}; is it a HEAR module?")
        load = Load(arguments=(self.weights,) if self.weights else ())
        facts = self._ask(load, f"{self.name}.load_model", seconds=_LOADING_S).facts
        if not facts.framework:
            kind = facts.type.rpartition(".")[2]
            raise SubmissionError(f"{self.name}.load_model returned a {kind}, not a model")
        self._starts = self._connection.starts
        return facts

    def _identify(self) -> None:
        """Make the key of what was loaded."""
        self._made_from = self._digests()
        self.key = key_of(self.name, self._made_from)
        self.later: tuple[Later, ...] = ()

    @property
    def places(self) -> Mapping[str, str]:
        """Where files are by role that the model was made from."""
        return self._made_from.places

    def place_now(self, later: Later) -> str:
        """Where a file is now that a call has read: the module may have moved, and it with it."""
        return place_now(later, self._made_from.places)

    def _digests(self) -> Digests:
        """What the model was made from, as far as it has been read."""
        weights = os.path.abspath(self.weights) if self.weights else ""  # noqa: PTH100 - links stay
        step = f"reading the files of {self.name}"
        return self._ask(Digest(weights), step, seconds=_LOADING_S).facts

    def _attribute(self, facts: ModelFacts, name: str) -> int:
        found = facts.attributes[name]
        if not found.present:
            raise SubmissionError(f"{self.name}: the model has no {name}")
        if not found.integral or found.number is None or found.number <= 0:
            raise SubmissionError(f"{self.name}: model.{name} is {found.text}, not a positive int")
        return int(found.number)

    def _call(self, function: str, audio: NDArray[np.float32]) -> Reply[CallFacts]:
        seconds = audio.size / self.sample_rate * _SECONDS_PER_SECOND
        request = Call(function, gradients=False)
        reply = self._ask(request, f"{self.name}.{function}", audio, seconds)
        self.on_gpu = reply.facts.device_peak_bytes > 0
        self.peak_bytes = reply.facts.device_peak_bytes or reply.peak_bytes
        if reply.opened:
            self.later = read_later(self._made_from.files, self._digests())
        return reply

    def _ask(
        self,
        request: Request[Facts],
        step: str,
        audio: NDArray[np.float32] | None = None,
        seconds: float = 0.0,
    ) -> Reply[Facts]:
        try:
            return self._connection.ask(request, step=step, audio=audio, seconds=seconds)
        except Fault as fault:
            if fault.kind == "usage":
                raise UsageError(fault.message) from None
            raise _failure(step, fault, f"{step} failed") from fault

    def _array(
        self, function: str, value: Value, shape: tuple[int | str, ...]
    ) -> NDArray[np.float32]:
        """A returned tensor, if it has the shape; a name in it stands for any size."""
        array: Any = value.array
        if value.framework in ("", "numpy") or array is None:
            raise self._misfit(function, value.type.rpartition(".")[2], shape)
        fits = array.ndim == len(shape) and all(
            isinstance(wanted, str) or wanted == n
            for wanted, n in zip(shape, array.shape, strict=True)
        )
        # The tensor's dtype: NumPy has no bfloat16.
        if value.dtype != "float32" or not fits:
            raise self._misfit(function, f"{value.dtype} {array.shape}", shape)
        if not _is_finite(array):
            raise self._misfit(function, "NaN or infinity", shape)
        return np.asarray(array, np.float32)

    def _misfit(self, function: str, seen: str, shape: tuple[int | str, ...]) -> SubmissionError:
        wanted = f"float32 ({', '.join(map(str, shape))})"
        return SubmissionError(
            f"{self.name}.{function} returned {seen}, expected finite {wanted}; "
            f"hear-validate {self.name} tells more"
        )


def _is_finite(array: NDArray[np.float32]) -> bool:
    """Whether all numbers are finite, without an array of as many answers."""
    numbers = array.reshape(-1)
    parts = range(0, numbers.size, _AT_ONCE)
    return all(np.isfinite(numbers[start : start + _AT_ONCE]).all() for start in parts)


class _ToldByWorker(Exception):  # noqa: N818 - never raised, only shown as a cause
    """The module's traceback in another process, or what it printed last; `--debug` shows it."""


def _failure(step: str, fault: Fault, verdict: str) -> SubmissionError:
    """What a fault means to the user, in one line.

    Args:
        step: What was being done.
        fault: Why it was not.
        verdict: What to say of a step that raised.
    """
    if fault.traceback and fault.__cause__ is None:
        fault.__cause__ = _ToldByWorker(f"\n{fault.traceback}")
    if fault.kind in _ENDING:
        return SubmissionError(f"{step} {fault.message}")
    return SubmissionError(f"{verdict}: {fault.message.removeprefix('raised ')}")
