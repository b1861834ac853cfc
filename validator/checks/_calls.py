"""What checks of all families ask: both functions, and the first batch."""

from __future__ import annotations

from ..asking.session import SCENE, TIMESTAMP, Session
from ..stimuli import Stimulus, noise

FUNCTIONS = (TIMESTAMP, SCENE)

SEED_ALL = "random.seed({0}), np.random.seed({0}), torch.manual_seed({0})"
"""A line that seeds all global generators, to be formatted with the seed; needs `random`."""


def probe(session: Session) -> Stimulus:
    """The batch that the first questions are about: two sounds of one second."""
    return noise(2, session.samples(1.0), session.seed)


def call_of(function: str, variable: str, row: str = "") -> str:
    """What a line of a reproduction calls to get embeddings.

    Args:
        function: `SCENE` or `TIMESTAMP`.
        variable: The audio.
        row: Which of the embeddings, as an index in brackets; all without it.
    """
    if function == SCENE:
        return f"scene({variable}, model){row}"
    return f"timestamps({variable}, model)[0]{row}"
