"""The progress of several tasks as that of one run."""

from __future__ import annotations

from hearkit.evaluation.together import Together


def test_a_task_that_fails_or_was_there_is_done() -> None:
    told: list[tuple[int, int, str]] = []
    together = Together(lambda *one: told.append(one))
    one, other = together.tell("one"), together.tell("other")
    one(3, 10, "embedding one")
    together.ended("one")
    together.ended("never told of")
    other(1, 5, "fold 1")
    assert told == [(3, 10, "embedding one"), (11, 15, "other: fold 1")]
