"""What pages with pictures ask for beyond the checks, on a connection without a process."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hearkit.api.facts import CallFacts
from hearkit.api.requests import Call
from hearkit.api.submission import Reply, Submission
from hearkit.errors import Fault
from validator import Result, Status
from validator.asking.session import SCENE, Session
from validator.checks.outputs.shapes import shapes
from validator.gallery import Gallery
from validator.pictures import gallery

from .fakes import Fake, returned, value


def scenes(number: float = 1.0) -> Reply[CallFacts]:
    return returned(value(np.full((5, 3), number, np.float32)))


def timestamps(number: float = 1.0) -> Reply[CallFacts]:
    times = np.tile(np.arange(40, dtype=np.float32) * 50, (5, 1))
    return returned(value(np.full((5, 40, 3), number, np.float32)), value(times))


Asked = list[tuple[str, tuple[int, ...]]]
"""Functions, each with the shape of the audio."""


def asked(
    scene: Reply[CallFacts] | Exception,
    timestamp: Reply[CallFacts] | Exception,
    status: Status = Status.PASSED,
) -> tuple[Gallery, Asked]:
    """The gallery of a submission that answers so, after O03 had this status."""
    calls: Asked = []

    def answer(_: Fake, call: Call, audio: NDArray[np.float32]) -> Reply[CallFacts]:
        calls.append((call.function, audio.shape))
        found = scene if call.function == SCENE else timestamp
        if isinstance(found, Exception):
            raise found
        return found

    session = Session(Submission("module"), lambda _: Fake(answer))
    return gallery(session, [Result(shapes, status)]), calls


def test_the_recordings_are_embedded_once_by_each_function() -> None:
    found, calls = asked(scenes(), timestamps())
    assert len(calls) == 2
    assert {shape for _, shape in calls} == {(5, 32000)}
    assert found.names == ("choir", "guitar", "drums", "crow", "speech")
    assert found.audio.shape == (5, 32000)
    assert not isinstance(found.scenes, str)
    assert found.scenes.shape == (5, 3)
    assert not isinstance(found.timestamps, str)
    embeddings, times = found.timestamps
    assert embeddings.shape == (5, 40, 3)
    assert times.tolist() == list(range(0, 2000, 50))


@pytest.mark.parametrize("status", [Status.FAILED, Status.SKIPPED, Status.BROKEN])
def test_what_failed_the_basic_checks_is_not_asked_again(status: Status) -> None:
    found, calls = asked(scenes(), timestamps(), status)
    assert calls == []
    assert found.scenes == found.timestamps == f"O03 ({shapes.title}) did not pass"


@pytest.mark.parametrize(
    ("scene", "why"),
    [
        (scenes(np.nan), "some scene embeddings are not finite"),
        (returned(value(np.zeros((5, 0), np.float32))), "there are no scene embeddings"),
    ],
)
def test_what_cannot_be_drawn_says_why(scene: Reply[CallFacts], why: str) -> None:
    assert asked(scene, timestamps())[0].scenes == why


def test_one_function_that_fails_does_not_cost_the_other_its_pictures() -> None:
    found, _ = asked(Fault("exit", "called sys.exit(0)", "step"), timestamps())
    assert found.scenes == "step: called sys.exit(0)"
    assert not isinstance(found.timestamps, str)
    other, _ = asked(scenes(), timestamps(np.inf))
    assert other.timestamps == "some timestamp embeddings are not finite"
