"""The two functions do not depend on one another."""

from __future__ import annotations

from hearkit.errors import Fault

from ...asking.answers import CallFault
from ...asking.session import SCENE, TIMESTAMP, Numbers, Session
from ...asking.snippets import reproduce
from ...catalogue import Verdict, check
from ...stimuli import Stimulus
from ...tolerances import REPEAT_TOLERANCE
from .._calls import FUNCTIONS, call_of, probe
from ._compare import agree, compare, over_functions
from .repeats import FRESH, same_twice


@check(
    "R07",
    "the two functions work in either order",
    section="What callers rely on",
    requires=(same_twice,),
    fix="Pass what a function needs as arguments; do not leave it as an attribute that the "
    "other function sets or resets.",
)
def either_order(session: Session) -> Verdict:
    """One published submission's scene function resets what its timestamp function needs: it
    works only in the order in which the organisers' check happens to call them.
    """
    sounds = probe(session)
    answers: dict[str, dict[str, Numbers]] = {}
    for functions in (FUNCTIONS, FUNCTIONS[::-1]):
        slot = FRESH[functions[0]]
        try:
            answers[slot] = {f: session.embed(f, sounds, slot=slot) for f in functions}
            answers[slot + ", again"] = {
                f: session.embed(f, sounds, slot=slot, again=-1) for f in functions
            }
        except Fault as fault:
            raise _after(fault, functions, sounds) from None
        finally:
            session.drop(slot)
    for function in (SCENE, TIMESTAMP):
        try:
            session.elsewhere(function, sounds)
        except Fault as fault:
            raise _after(fault, FUNCTIONS[::-1], sounds) from None

    one, again, other, then = answers
    pairs = [(one, again), (one, other), (one, then)]
    if not all(agree(answers[one][f], session.embed(f, sounds)) for f in FUNCTIONS):
        # Two loads differ, which is for another check: only answers of one model are compared.
        pairs = [(one, again), (other, then)]

    def compared(function: str) -> list[Verdict]:
        return [
            compare(
                function,
                answers[first][function],
                answers[other][function],
                REPEAT_TOLERANCE,
                f"with {other} it answers otherwise than with {first}",
                expected="the same embeddings whichever function is called first",
                reproduction=reproduce(
                    f"first = {call_of(function, 'audio')}",
                    call_of(FUNCTIONS[1 - FUNCTIONS.index(function)], "audio"),
                    f"print(abs(first - {call_of(function, 'audio')}).max())",
                    audio=sounds,
                ),
            )
            for first, other in pairs
        ]

    return over_functions(REPEAT_TOLERANCE, compared)


def _after(fault: Fault, functions: tuple[str, ...], sounds: Stimulus) -> CallFault:
    """The same fault, with the calls that lead to it."""
    calls = [call_of(f, "audio") for f in functions]
    return CallFault(fault, reproduce("; ".join(calls * 2), audio=sounds))
