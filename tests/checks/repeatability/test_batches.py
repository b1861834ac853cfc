"""The figure that is told of a check is the worst of all that it compared."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hearkit.api.facts import CallFacts
from hearkit.api.requests import Call
from hearkit.api.submission import Reply, Submission
from validator.asking.session import SCENE, Session
from validator.catalogue import Check
from validator.checks.repeatability.batches import batch_sizes, neighbours, permuted

from ...fakes import Fake, returned, value

SMALL = 9e-5
"""A relative error just below what is accepted."""


class OffInTheSecondBatch:
    """Embeds a sound by its energy, a little wrong in the second batch that it is given."""

    def __init__(self) -> None:
        self.batches: list[bytes] = []

    def __call__(self, _: Fake, call: Call, audio: NDArray[np.float32]) -> Reply[CallFacts]:
        if audio.tobytes() not in self.batches:
            self.batches.append(audio.tobytes())
        factor = 1 + SMALL * (self.batches.index(audio.tobytes()) == 1)
        energy = factor * np.square(audio, dtype=np.float64).sum(1)[:, None]
        if call.function == SCENE:
            return returned(value(np.tile(energy, 3)))
        return returned(
            value(np.tile(energy[..., None], (1, 2, 3))), value(np.zeros((len(audio), 2)))
        )


@pytest.mark.parametrize("checked", [permuted, neighbours, batch_sizes], ids=lambda c: c.id)
def test_an_error_in_one_of_several_batches_is_told(checked: Check) -> None:
    session = Session(Submission("module"), lambda _: Fake(OffInTheSecondBatch()))
    verdict = checked.run(session)
    assert not verdict.violates
    (figure,) = verdict.figures
    assert figure.value == pytest.approx(SMALL, rel=1e-3)
