"""Every load gives the same model."""

from __future__ import annotations

from ...asking.session import Session
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
                # Loaded for the check above, and asked in the order of the main model.
                session.embed(function, sounds, slot=FRESH[FUNCTIONS[0]]),
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
