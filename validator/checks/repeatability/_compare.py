"""How answers of the same submission are compared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...asking.measure import relative_errors
from ...asking.session import Numbers, Session
from ...asking.snippets import Reproduction
from ...catalogue import Figure, Verdict, conforms, violates
from ...stimuli import Stimulus, recorded
from .._calls import FUNCTIONS

_SECONDS = 1.1
"""Length of the recordings: unlike that of other families' stimuli, and cheap."""


def mixture(session: Session) -> Stimulus:
    """Real recordings, each a different sound at a different level, peaks from 0.1 to 0.9."""
    sounds = recorded(session.sample_rate, session.samples(_SECONDS))
    levels = np.linspace(0.2, 1.8, len(sounds), dtype=np.float32)[:, None]
    return Stimulus(
        f"{sounds.name} at different levels",
        f'({sounds.code} * np.linspace(0.2, 1.8, {len(sounds)}, dtype="float32")[:, None])',
        sounds.audio * levels,
    )


def compare(
    function: str,
    reference: Numbers,
    other: Numbers,
    limit: float,
    what: str,
    *,
    expected: str,
    hint: str = "",
    reproduction: Reproduction,
) -> tuple[float, Verdict | None]:
    """The worst relative error, and a verdict where it is beyond the limit."""
    errors = relative_errors(reference, other)
    worst = float(errors.max())
    if worst <= limit:
        return worst, None
    figure = Figure("relative error", worst, limit=limit)
    seen = (
        f"{function}: {what}, shapes {reference.shape} and {other.shape}"
        if reference.shape != other.shape
        else f"{function}: {what}, relative error {worst:.3g} (sound {int(errors.argmax())})"
    )
    return worst, violates(seen, figure, expected=expected, hint=hint, reproduction=reproduction)


def over_functions(
    limit: float, compared: Callable[[str], list[tuple[float, Verdict | None]]]
) -> Verdict:
    """The first violation over both functions, or the worst figure of both."""
    worst = 0.0
    for function in FUNCTIONS:
        for error, verdict in compared(function):
            if verdict is not None:
                return verdict
            worst = max(worst, error)
    return conforms("", Figure("relative error", worst, limit=limit))
