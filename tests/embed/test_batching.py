"""Sounds of several callers that wait together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from hearkit.embed import batching
from hearkit.embed.batching import Batches, Caller, Waiting
from hearkit.embed.reading import Loaded


def caller() -> Caller:
    return Caller(lambda *_: None, lambda *_: None)


def waiting(length: int, of: Caller) -> Waiting:
    sound = SimpleNamespace(audio=np.zeros(length, np.float32), duration_s=length / 16000)
    return Waiting(cast(Loaded, SimpleNamespace(sound=sound)), of)


def lengths(batch: list[Waiting]) -> list[int]:
    return [len(one.one.sound.audio) for one in batch]


def test_sounds_of_two_callers_share_a_batch_and_what_does_not_fit_waits() -> None:
    batches, one, other = Batches(2), caller(), caller()
    for of in (one, other, one):
        assert not batches.is_ready or of is one
        batches.add(waiting(800, of))
    batch = batches.ready()
    assert [each.caller for each in batch] == [one, other]
    assert not batches.is_ready
    assert batches.ready() == []
    assert batches.last(other) == []
    assert [each.caller for each in batches.last(one)] == [one]
    assert batches.last(one) == []


def test_the_last_batches_of_a_caller_are_taken_in_the_order_in_which_they_wait() -> None:
    batches, one, other = Batches(4), caller(), caller()
    for length, of in ((800, other), (900, one), (800, one), (1000, other)):
        batches.add(waiting(length, of))
    assert lengths(batches.last(one)) == [800, 800]
    assert lengths(batches.last(one)) == [900]
    assert batches.last(one) == []
    assert lengths(batches.last(other)) == [1000]


def test_too_much_that_waits_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "WAITING_S", 0.12)
    batches, one = Batches(4), caller()
    for length in (800, 900):
        batches.add(waiting(length, one))
        assert not batches.is_ready
    batches.add(waiting(1000, one))
    assert lengths(batches.ready()) == [800]
    assert not batches.is_ready


def test_nobody_embeds_sounds_of_a_caller_that_has_failed() -> None:
    batches, one, other = Batches(2), caller(), caller()
    for of in (one, other, one):
        batches.add(waiting(800, of))

    def fails() -> None:
        with batches.with_caller(one):
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fails()
    assert not batches.is_ready
    (left,) = batches.last(other)
    assert left.caller is other
    assert batches.last(one) == []
