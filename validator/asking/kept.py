"""What was answered, within a bound on memory: the oldest arrays are moved to a file."""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np

from hearkit.api.submission import Reply, Value
from hearkit.errors import Fault, UsageError

_MOST_BYTES = 256 * 1024 * 1024
"""Bytes of arrays in memory. The baselines stay below it; 4096 numbers every 5 ms need 2 GB."""


@dataclass(frozen=True)
class _Place:
    """Where the numbers of a value are in the file."""

    begin: int
    n_bytes: int
    dtype: str


class Kept:
    """Replies and faults by question.

    Args:
        most_bytes: How many bytes of arrays stay in memory.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._answers: OrderedDict[Hashable, Reply[Any] | Fault] = OrderedDict()
        self._places: dict[Hashable, list[_Place]] = {}
        self._file: BinaryIO | None = None
        self.bytes_in_memory = 0

    def __contains__(self, question: Hashable) -> bool:
        return question in self._answers

    def __getitem__(self, question: Hashable) -> Reply[Any] | Fault:
        answer = self._answers[question]
        if isinstance(answer, Reply) and _bytes_of(answer) == 0 and question in self._places:
            self[question] = answer = self._read(answer, self._places[question])
        else:
            self._answers.move_to_end(question)
        return answer

    def __setitem__(self, question: Hashable, answer: Reply[Any] | Fault) -> None:
        self._forget_bytes(question)
        self._answers[question] = answer
        self._answers.move_to_end(question)
        self.bytes_in_memory += _bytes_of(answer)
        self._move_oldest(spared=question)

    def get(self, question: Hashable) -> Reply[Any] | Fault | None:
        """The answer, or None."""
        if question not in self._answers:
            return None
        return self[question]

    def discard(self, question: Hashable) -> None:
        """Forget an answer, if there is one."""
        self._forget_bytes(question)
        self._answers.pop(question, None)
        self._places.pop(question, None)

    def close(self) -> None:
        """Forget all; the file has no name and is gone with this."""
        self._answers.clear()
        self._places.clear()
        self.bytes_in_memory = 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def _forget_bytes(self, question: Hashable) -> None:
        if question in self._answers:
            self.bytes_in_memory -= _bytes_of(self._answers[question])

    def _move_oldest(self, spared: Hashable) -> None:
        for question in list(self._answers):
            if self.bytes_in_memory <= self._most_bytes:
                return
            answer = self._answers[question]
            if question != spared and isinstance(answer, Reply) and _bytes_of(answer):
                self.bytes_in_memory -= _bytes_of(answer)
                self._answers[question] = self._written(question, answer)

    def _written(self, question: Hashable, answer: Reply[Any]) -> Reply[Any]:
        """The reply without its numbers, which are in the file from now on."""
        if question not in self._places:
            try:
                self._places[question] = [self._append(value) for value in answer.values]
            except OSError as error:
                raise UsageError(
                    "there is no room for the answers of a model with many numbers "
                    f"({error.strerror}); make room in {tempfile.gettempdir()}"
                ) from None
        return replace(answer, values=tuple(replace(v, array=None) for v in answer.values))

    def _append(self, value: Value) -> _Place:
        file = self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
        begin = file.seek(0, 2)
        if value.array is None:
            return _Place(begin, 0, "")
        file.write(np.ascontiguousarray(value.array).data)
        return _Place(begin, value.array.nbytes, value.array.dtype.str)

    def _read(self, answer: Reply[Any], places: list[_Place]) -> Reply[Any]:
        assert self._file is not None
        values = []
        for value, place in zip(answer.values, places, strict=True):
            if place.dtype:
                self._file.seek(place.begin)
                numbers = np.frombuffer(self._file.read(place.n_bytes), place.dtype)
                value = replace(value, array=numbers.reshape(value.shape))
            values.append(value)
        return replace(answer, values=tuple(values))


def _bytes_of(answer: Reply[Any] | Fault) -> int:
    values = answer.values if isinstance(answer, Reply) else ()
    return sum(value.array.nbytes for value in values if value.array is not None)
