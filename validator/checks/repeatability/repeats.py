"""The same call gives the same embeddings."""

from __future__ import annotations

from hearkit.errors import Fault

from ...asking.answers import CallFault
from ...asking.measure import relative_errors
from ...asking.session import Numbers, Session
from ...asking.snippets import reproduce
from ...catalogue import Verdict, check
from ...tolerances import REPEAT_TOLERANCE
from .._calls import FUNCTIONS, SEED_ALL, call_of, probe
from ..outputs.content import finite
from ..outputs.modes import not_training
from ._compare import compare, over_functions

_ATTEMPTS = 3
"""Answers compared with the first one, since a rare random choice hides in two."""


FRESH = {function: f"{function} first" for function in FUNCTIONS}
"""Slots of models in which this function is called before the other one is."""


@check(
    "R01",
    "the same input gives the same output",
    section="What callers rely on",
    requires=(finite, not_training),
    fix="Take randomness out of inference: no dropout, dither or random crops; model.eval().",
)
def same_twice(session: Session) -> Verdict:
    """An embedding that differs from call to call cannot be compared or reproduced."""
    sounds = probe(session)

    def compared(function: str) -> list[Verdict]:
        # A model of its own: what the other function leaves behind is another check's matter.
        slot = FRESH[function]
        try:
            first = session.embed(function, sounds, slot=slot)
        except Fault:
            return []  # it needs the other one before it, which is another check's matter too
        twice = reproduce(
            f"first, then = {call_of(function, 'audio')}, {call_of(function, 'audio')}",
            "print(abs(first - then).max())",
            audio=sounds,
        )
        try:
            later = [
                session.embed(function, sounds, slot=slot, again=n) for n in range(1, 1 + _ATTEMPTS)
            ]
        except Fault as fault:
            raise CallFault(fault, twice) from None
        hint = _state_hint(session, function, first)
        return [
            compare(
                function,
                first,
                then,
                REPEAT_TOLERANCE,
                "two calls with the same audio differ",
                expected=f"the same embeddings, within {REPEAT_TOLERANCE:g}",
                hint=hint,
                reproduction=twice,
            )
            for then in later
        ]

    verdict = over_functions(REPEAT_TOLERANCE, compared)
    if verdict.violates:
        for slot in FRESH.values():
            session.drop(slot)
    return verdict


def _state_hint(session: Session, function: str, first: Numbers) -> str:
    """The likely cause, should two calls differ: the first calls tell state from randomness."""
    before = session.embed(function, probe(session))
    if before.shape == first.shape and relative_errors(before, first).max() <= REPEAT_TOLERANCE:
        return (
            "The first call after each load gives the same, so this is state that a call leaves "
            "in the model, not randomness: recurrent state, running statistics, a counter."
        )
    return ""


@check(
    "R09",
    "the global random seed does not matter",
    section="What callers rely on",
    requires=(same_twice,),
    fix="Draw from a generator of your own with a fixed seed, at load, or not at all.",
)
def any_seed(session: Session) -> Verdict:
    """The evaluation seeds its own training; that must not change the embeddings."""
    sounds = probe(session)

    def compared(function: str) -> list[Verdict]:
        return [
            compare(
                function,
                session.embed(function, sounds, seed=1),
                session.embed(function, sounds, seed=2),
                REPEAT_TOLERANCE,
                "embeddings depend on the global random seed",
                expected="the same embeddings whatever the global seed",
                reproduction=reproduce(
                    "import random",
                    SEED_ALL.format(1),
                    f"first = {call_of(function, 'audio')}",
                    SEED_ALL.format(2),
                    f"print(abs(first - {call_of(function, 'audio')}).max())",
                    audio=sounds,
                ),
            )
        ]

    return over_functions(REPEAT_TOLERANCE, compared)
