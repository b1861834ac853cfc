"""What checks of all families ask: both functions, and the first batch."""

from __future__ import annotations

from ..asking.session import SCENE, TIMESTAMP, Session
from ..stimuli import Stimulus, noise

FUNCTIONS = (TIMESTAMP, SCENE)


def probe(session: Session) -> Stimulus:
    """The batch that the first questions are about: two sounds of one second."""
    return noise(2, session.samples(1.0), session.seed)


def call_of(function: str, variable: str, row: str = "") -> str:
    if function == SCENE:
        return f"scene({variable}, model){row}"
    return f"timestamps({variable}, model)[0]{row}"
