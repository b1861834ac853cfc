"""20 minutes: memory on a GPU that this machine may not have, on a connection without a process."""

from typing import Any

import numpy as np
import pytest

from hearkit.api.submission import Reply, Submission, Value
from validator.asking.session import SCENE, Session
from validator.catalogue import Kind
from validator.checks.length.coverage import twenty_minutes

SAMPLE_RATE = 16000


class Fake:
    """A GPU's worker, which reports how much of the GPU's memory a call took."""

    starts, alive = 1, True

    def __init__(self, device_peak_bytes: int) -> None:
        self._facts = {"device_peak_bytes": device_peak_bytes}

    def request(self, op: str, *, audio: Any = None, **parameters: Any) -> Reply:
        if op != "call":
            sizes = ("sample_rate", "scene_embedding_size", "timestamp_embedding_size")
            attributes = {name: {"number": float(SAMPLE_RATE)} for name in sizes}
            return Reply(facts={"framework": "torch", "attributes": attributes, "functions": {}})
        if parameters["function"] == SCENE:
            return Reply("single", (_value(audio[:, :: SAMPLE_RATE // 2]),), self._facts)
        seconds = np.arange(audio.shape[1] // SAMPLE_RATE + 1.0)[None]
        return Reply("tuple", (_value(seconds[..., None]), _value(seconds * 1000)), self._facts)

    def close(self) -> None:
        pass


def _value(array: Any) -> Value:
    numbers = np.asarray(array, np.float32)
    return Value("torch.Tensor", "torch", "float32", numbers.shape, "cuda:0", False, numbers)


@pytest.mark.parametrize(
    ("peak", "kind"), [(15_900_000_000, Kind.CONFORMS), (16_100_000_000, Kind.VIOLATES)]
)
def test_the_memory_of_a_gpu_counts_towards_the_bound(peak: int, kind: Kind) -> None:
    session = Session(Submission("m", None, "cuda"), lambda _: Fake(peak))
    verdict = twenty_minutes.run(session)
    assert verdict.kind is kind
    assert verdict.figures[0].value == pytest.approx(peak / 1e9)
