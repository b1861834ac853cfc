"""20 minutes on a connection without a process: a GPU's memory, and frames lost at seams."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hearkit.api.facts import CallFacts
from hearkit.api.requests import Call
from hearkit.api.submission import Reply, Submission
from validator.asking.session import SCENE, Session
from validator.catalogue import Kind
from validator.checks.length.twenty_minutes import twenty_minutes

from ...fakes import Fake, model_facts, returned, value

SAMPLE_RATE = 2000
"""Lower than any model's, for less audio."""


def on_a_gpu(peak: int) -> Fake:
    """A GPU's worker, which reports how much of the GPU's memory a call took."""

    def answer(_: Fake, call: Call, audio: NDArray[np.float32]) -> Reply[CallFacts]:
        facts = CallFacts({}, peak)
        if call.function == SCENE:
            return Reply(facts, "single", (value(audio[:, :: SAMPLE_RATE // 2]),))
        seconds: Any = np.arange(audio.shape[1] // SAMPLE_RATE + 1, dtype=np.float32)[None]
        return Reply(facts, "tuple", (value(seconds[..., None]), value(seconds * 1000)))

    return Fake(answer, model_facts(SAMPLE_RATE))


@pytest.mark.parametrize(
    ("peak", "kind"), [(15_900_000_000, Kind.CONFORMS), (16_100_000_000, Kind.VIOLATES)]
)
def test_the_memory_of_a_gpu_counts_towards_the_bound(peak: int, kind: Kind) -> None:
    session = Session(Submission("m", None, "cuda"), lambda _: on_a_gpu(peak))
    verdict = twenty_minutes.run(session)
    assert verdict.kind is kind
    assert verdict.figures[0].value == pytest.approx(peak / 1e9)


def in_pieces(frames_lost: int) -> Fake:
    """A model of levels every 50 ms that loses frames after each minute, and counts on."""

    def answer(_: Fake, call: Call, audio: NDArray[np.float32]) -> Reply[CallFacts]:
        levels = np.abs(audio.reshape(len(audio), -1, SAMPLE_RATE // 20)).mean(2)
        if call.function == SCENE:
            return returned(value(levels[:, :40]))
        minute = 1200
        kept = np.arange(levels.shape[1]) % minute < minute - frames_lost
        embeddings = levels[:, kept, None]
        times: Any = 25 + 50 * np.arange(embeddings.shape[1])
        return returned(value(embeddings), value(np.tile(times, (len(audio), 1))))

    return Fake(answer, model_facts(SAMPLE_RATE))


def test_frames_that_are_lost_at_seams_are_found_and_how_is_told() -> None:
    session = Session(Submission("m"), lambda _: in_pieces(1))
    verdict = twenty_minutes.run(session)
    assert verdict.violates
    # From the middle of the first quarter to that of the last, 15 seams are passed.
    assert verdict.figures[0].value == pytest.approx(-750, abs=60)
    assert "lose or repeat a frame at each seam" in verdict.hint
    assert verdict.reproduction is not None
    compile("\n".join(verdict.reproduction.lines), "lines", "exec")
    whole = Session(Submission("m"), lambda _: in_pieces(0))
    assert twenty_minutes.run(whole).kind is Kind.CONFORMS
