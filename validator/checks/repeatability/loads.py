"""Every load gives the same model."""

from __future__ import annotations

from hearkit.errors import Fault

from ...asking.session import Numbers, Session
from ...asking.snippets import LOAD, reproduce
from ...catalogue import Verdict, check
from ...tolerances import REPEAT_TOLERANCE
from .._calls import FUNCTIONS, call_of, probe
from ._compare import compare, over_functions
from .repeats import FRESH, same_twice


@check(
    "R02",
    "loading twice gives the same embeddings",
    section="load_model",
    requires=(same_twice,),
    fix="Let the checkpoint hold every parameter and buffer and load it with strict=True; "
    "seed a generator of your own for anything that is drawn.",
)
def same_model_twice(session: Session) -> Verdict:
    """Parameters that the checkpoint does not set are drawn at random at each load, so the model
    that is evaluated is not the one that was submitted.
    """
    sounds = probe(session)

    def compared(function: str) -> list[Verdict]:
        return [
            compare(
                function,
                session.embed(function, sounds),
                _by_another_model(session, function),
                REPEAT_TOLERANCE,
                "two models loaded one after the other differ",
                expected="a model that the file determines",
                reproduction=reproduce(
                    f"first = {call_of(function, 'audio')}",
                    f"model = {LOAD}",
                    f"print(abs(first - {call_of(function, 'audio')}).max())",
                    audio=sounds,
                ),
            )
        ]

    return over_functions(REPEAT_TOLERANCE, compared)


def _by_another_model(session: Session, function: str) -> Numbers:
    """The first answer of a model that was loaded for the check above."""
    first, second = sorted(FUNCTIONS, key=lambda one: one != function)
    try:
        return session.embed(function, probe(session), slot=FRESH[first])
    except Fault:  # it needs the other function before it
        return session.embed(function, probe(session), slot=FRESH[second])
