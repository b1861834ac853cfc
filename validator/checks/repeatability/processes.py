"""Every process gives the same embeddings."""

from __future__ import annotations

from ...asking.session import Session
from ...asking.snippets import reproduce
from ...catalogue import Verdict, check
from ...tolerances import REPEAT_TOLERANCE
from .._calls import call_of, probe
from ._compare import compare, over_functions
from .loads import same_model_twice
from .order import either_order
from .repeats import any_seed


@check(
    "R10",
    "a new process gives the same embeddings",
    section="load_model",
    requires=(same_model_twice, either_order, any_seed),
    fix="Draw random matrices from a generator with a fixed seed, or keep them in the "
    "checkpoint; do not rely on the order of sets, the clock or files made earlier.",
)
def same_elsewhere(session: Session) -> Verdict:
    """Random numbers that are drawn when the module is imported stay the same throughout a run and
    differ in the next one: classifiers trained today cannot be used tomorrow.
    """
    sounds = probe(session)

    def compared(function: str) -> list[Verdict]:
        return [
            compare(
                function,
                session.embed(function, sounds),
                session.elsewhere(function, sounds),
                REPEAT_TOLERANCE,
                "two processes that load the model differ",
                expected="a model that the code and the file determine",
                reproduction=reproduce(
                    f"print({call_of(function, 'audio')})  # run this twice", audio=sounds
                ),
            )
        ]

    return over_functions(REPEAT_TOLERANCE, compared)
