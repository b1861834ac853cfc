"""20 minutes: memory on a GPU that this machine may not have, on a connection without a process."""

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

from ...fakes import Fake, value

SAMPLE_RATE = 16000


def on_a_gpu(peak: int) -> Fake:
    """A GPU's worker, which reports how much of the GPU's memory a call took."""

    def answer(_: Fake, call: Call, audio: NDArray[np.float32]) -> Reply[CallFacts]:
        facts = CallFacts({}, peak)
        if call.function == SCENE:
            return Reply(facts, "single", (value(audio[:, :: SAMPLE_RATE // 2]),))
        seconds: Any = np.arange(audio.shape[1] // SAMPLE_RATE + 1, dtype=np.float32)[None]
        return Reply(facts, "tuple", (value(seconds[..., None]), value(seconds * 1000)))

    return Fake(answer)


@pytest.mark.parametrize(
    ("peak", "kind"), [(15_900_000_000, Kind.CONFORMS), (16_100_000_000, Kind.VIOLATES)]
)
def test_the_memory_of_a_gpu_counts_towards_the_bound(peak: int, kind: Kind) -> None:
    session = Session(Submission("m", None, "cuda"), lambda _: on_a_gpu(peak))
    verdict = twenty_minutes.run(session)
    assert verdict.kind is kind
    assert verdict.figures[0].value == pytest.approx(peak / 1e9)
