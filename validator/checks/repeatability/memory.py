"""A model carries nothing over from one sound to the next."""

from __future__ import annotations

from hearkit.errors import Fault

from ...asking.answers import CallFault, reproduction_of
from ...asking.session import Session
from ...asking.snippets import Reproduction, reproduce
from ...catalogue import Figure, Verdict, check, violates
from ...stimuli import Stimulus, noise
from ...tolerances import REPEAT_TOLERANCE
from .._calls import FUNCTIONS, call_of, probe
from ..length.lengths import benchmark_lengths
from ..outputs.content import not_constant
from ._compare import agree, compare, mixture, over_functions
from .order import either_order
from .repeats import FRESH, any_seed


@check(
    "R08",
    "nothing is carried over from earlier sounds",
    section="What callers rely on",
    requires=(either_order, any_seed, not_constant, benchmark_lengths),
    fix="Key caches by everything that they depend on, and keep no recurrent state, running "
    "statistics or buffers between calls.",
)
def no_memory(session: Session) -> Verdict:
    """Files of many lengths are embedded one after the other with one model."""
    if session.cured:
        fault = session.cured[0]
        return violates(
            f"{fault}; a freshly loaded model does not",
            Figure("calls", len(session.cured), limit=0),
            expected="the same answer, whatever was embedded before",
            reproduction=reproduction_of(fault),
            traceback=fault.traceback,
        )
    sounds, twin = mixture(session).pick(0, 1), mixture(session).pick(2, 3)
    company = (
        noise(2, session.samples(2.3), session.seed + 3, level=0.5),
        noise(3, session.samples(0.9), session.seed + 5),
        twin,
    )
    try:
        for function in FUNCTIONS:
            session.embed(function, sounds, slot="company")
        return over_functions(
            REPEAT_TOLERANCE, lambda function: _with_company(session, function, sounds, company)
        )
    finally:
        session.drop("company")


def _with_company(
    session: Session, function: str, sounds: Stimulus, company: tuple[Stimulus, ...]
) -> list[Verdict]:
    """Compare the answers of one model before and after each of other batches."""
    first = session.embed(function, sounds, slot="company")
    found = []
    for n, between in enumerate(company, 1):
        again = 10 * n + FUNCTIONS.index(function)
        try:
            for other in FUNCTIONS:
                last = session.embed(other, between, slot="company", again=again)
            then = session.embed(function, sounds, slot="company", again=again)
        except Fault as fault:
            raise CallFault(fault, _between(function, sounds, between)) from None
        found.append(
            compare(
                function,
                first,
                then,
                REPEAT_TOLERANCE,
                f"after {between.name} in between, the same audio gets another embedding",
                expected="the same embeddings, whatever was embedded before",
                reproduction=_between(function, sounds, between),
            )
        )
    asked = probe(session)
    same = session.embed(function, asked)
    another = session.embed(function, asked, slot=FRESH[FUNCTIONS[0]])
    if not (agree(same, another) and agree(same, session.elsewhere(function, asked))):
        return found  # loads or processes differ anyway, which is for other checks
    # A cache that is keyed by the shape answers with the embeddings of another batch.
    twin = company[-1]
    then = last if function == FUNCTIONS[-1] else session.embed(function, twin, slot="company")
    found.append(
        compare(
            function,
            session.elsewhere(function, twin),
            then,
            REPEAT_TOLERANCE,
            f"after {sounds.name}, {twin.name} get other embeddings than in a new process",
            expected="the same embeddings, whatever was embedded before",
            reproduction=reproduce(
                f"{call_of(function, 'before')}  # without this line it prints other numbers",
                f"print({call_of(function, 'audio')})",
                before=sounds,
                audio=twin,
            ),
        )
    )
    return found


def _between(function: str, sounds: Stimulus, between: Stimulus) -> Reproduction:
    return reproduce(
        f"first = {call_of(function, 'audio')}",
        "scene(between, model), timestamps(between, model)",
        f"print(abs(first - {call_of(function, 'audio')}).max())",
        audio=sounds,
        between=between,
    )
