"""How answers of the same submission are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from ...asking.measure import relative_errors
from ...asking.session import Numbers, Session
from ...asking.snippets import Reproduction
from ...catalogue import Figure, Verdict, conforms, violates
from ...stimuli import Stimulus, recorded
from ...tolerances import REPEAT_TOLERANCE
from .._calls import FUNCTIONS

_SECONDS = 1.1
"""Length of the recordings: unlike that of other families' stimuli, and cheap."""


def mixture(session: Session) -> Stimulus:
    """Real recordings, each a different sound at a different level, peaks from 0.1 to 0.9."""
    sounds = recorded(session.sample_rate, session.samples(_SECONDS), session.seed)
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
) -> Verdict:
    """Whether the relative error of every sound keeps to the limit; the figure is the worst."""
    errors = relative_errors(reference, other)
    worst = float(errors.max())
    figure = Figure("relative error", worst, limit=limit)
    if worst <= limit:
        return conforms("", figure)
    seen = (
        f"{function}: {what}, shapes {reference.shape} and {other.shape}"
        if reference.shape != other.shape
        else f"{function}: {what}, relative error {worst:.3g} (sound {int(errors.argmax())})"
    )
    return violates(seen, figure, expected=expected, hint=hint, reproduction=reproduction)


def agree(reference: Numbers, other: Numbers) -> bool:
    """Whether two answers to one question are the same."""
    return bool(relative_errors(reference, other).max() <= REPEAT_TOLERANCE)


def worst_of(verdicts: Iterable[Verdict], limit: float) -> Verdict:
    """The first violation; without one, what conforms with the largest relative error."""
    worst = conforms("", Figure("relative error", 0.0, limit=limit))
    for verdict in verdicts:
        if verdict.violates:
            return verdict
        worst = max(worst, verdict, key=lambda one: one.figures[0].value)
    return worst


def over_functions(limit: float, compared: Callable[[str], Iterable[Verdict]]) -> Verdict:
    """The same, of what is compared for each of both functions."""
    return worst_of((one for function in FUNCTIONS for one in compared(function)), limit)
