"""Connections without a process or a framework, for tests of what is made of their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hearkit.api.facts import (
    Attribute,
    CallFacts,
    Digests,
    Environment,
    Extension,
    Footprint,
    ModelFacts,
    ModuleFacts,
    Nothing,
)
from hearkit.api.requests import Call, Describe, Digest, Extend, Import, Load, Measure, Request
from hearkit.api.submission import Reply, Value
from hearkit.errors import Fault

Facts = TypeVar("Facts")
Answer = Callable[["Fake", Call, NDArray[np.float32]], Reply[CallFacts]]


def number(value: int) -> Attribute:
    """An attribute that is this number."""
    return Attribute(True, "int", True, True, float(value), str(value))


def model_facts(sample_rate: int = 16000, size: int = 3) -> ModelFacts:
    """Facts of a PyTorch model."""
    attributes = {
        "sample_rate": number(sample_rate),
        "scene_embedding_size": number(size),
        "timestamp_embedding_size": number(size),
    }
    return ModelFacts("module.Model", "torch", attributes, {}, "cpu", ())


MODULE_FACTS = ModuleFacts(
    dict.fromkeys(("load_model", "get_timestamp_embeddings", "get_scene_embeddings")),
    None,
    ("torch",),
    False,
)


def value(array: NDArray[Any]) -> Value:
    """A returned tensor with these numbers, which cross as float32."""
    numbers = np.asarray(array, np.float32)
    return Value("torch.Tensor", "torch", str(array.dtype), array.shape, "cpu", False, numbers)


def returned(*values: Value, container: str = "", **more: Any) -> Reply[CallFacts]:
    """The reply to a call."""
    shape = container or ("single" if len(values) == 1 else "tuple")
    return Reply(CallFacts({}, 0), shape, values, **more)


class Fake:
    """Loads like a PyTorch submission; calls are answered by a function.

    Args:
        answer: Makes the reply to a call, or raises.
        facts: Facts of the model.
        fault: Raised whatever is asked, if given.
        extensions: What functions of the validator return.
        module: Facts of the module.
    """

    def __init__(
        self,
        answer: Answer | None = None,
        facts: ModelFacts | None = None,
        fault: Fault | None = None,
        extensions: Mapping[str, Any] | None = None,
        module: ModuleFacts = MODULE_FACTS,
    ) -> None:
        self.starts = 0
        self.alive = False
        self.asked: list[str] = []
        self.steps: list[str] = []
        self.loads = 0
        self._answer = answer
        self._fault = fault
        self._facts: dict[type[Request[Any]], Any] = {
            Import: module,
            Load: facts or model_facts(),
            Digest: Digests({}, {}),
            Describe: Environment(),
            Measure: Footprint(0, True, 0),
            Extend: Extension(extensions or {}),
        }

    def ask(
        self,
        request: Request[Facts],
        *,
        step: str,
        audio: NDArray[np.float32] | None = None,
        seconds: float = 0.0,  # noqa: ARG002
    ) -> Reply[Any]:
        if not self.alive:
            self.alive, self.starts = True, self.starts + 1
        self.asked.append(type(request).__name__.lower())
        self.steps.append(step)
        if self._fault is not None:
            raise self._fault
        self.loads += isinstance(request, Load)
        if isinstance(request, Call):
            assert self._answer is not None
            assert audio is not None
            return self._answer(self, request, audio)
        return Reply(self._facts.get(type(request), Nothing()))

    def die(self) -> None:
        self.alive = False

    def close(self) -> None:
        self.alive = False
