"""R: the same sound always gets the same embedding, now or later, here or elsewhere."""

from __future__ import annotations

from hearkit.errors import Fault

from ..asking.answers import CallFault, reproduction_of
from ..asking.measure import relative_errors
from ..asking.session import SCENE, TIMESTAMP, Numbers, Session
from ..asking.snippets import LOAD, Reproduction, reproduce
from ..catalogue import Figure, Verdict, check, violates
from ..stimuli import Stimulus, noise
from ..tolerances import REPEAT_TOLERANCE
from ._compare import call_of, compare, mixture, over_functions
from .length import benchmark_lengths
from .outputs import FUNCTIONS, finite, not_constant, not_training, probe

_ATTEMPTS = 3
"""Answers compared with the first one, since a rare random choice hides in two."""

_FRESH = {function: f"{function} first" for function in FUNCTIONS}
"""Slots of models in which this function is called before the other one is."""


@check(
    "R01",
    "the same input gives the same output",
    section="What callers rely on",
    requires=(finite, not_training),
    mend="Take chance out of inference: no dropout, dither or random crops; model.eval().",
)
def same_twice(session: Session) -> Verdict:
    """An embedding that differs from call to call cannot be compared or reproduced."""
    sounds = probe(session)

    def compared(function: str) -> list[tuple[float, Verdict | None]]:
        # A model of its own: what the other function leaves behind is another check's matter.
        slot = _FRESH[function]
        try:
            first = session.embed(function, sounds, slot=slot)
        except Fault:
            return []  # it needs the other one before it, which is another check's matter too
        return [
            compare(
                function,
                first,
                session.embed(function, sounds, slot=slot, again=n),
                REPEAT_TOLERANCE,
                "two calls with the same audio differ",
                expected=f"the same embeddings, within {REPEAT_TOLERANCE:g}",
                hint=_state_hint(session, function, first),
                reproduction=reproduce(
                    f"first, then = {call_of(function, 'audio')}, {call_of(function, 'audio')}",
                    "print(abs(first - then).max())",
                    audio=sounds,
                ),
            )
            for n in range(1, 1 + _ATTEMPTS)
        ]

    verdict = over_functions(REPEAT_TOLERANCE, compared)
    if verdict.expected:
        for slot in _FRESH.values():
            session.drop(slot)
    return verdict


def _state_hint(session: Session, function: str, first: Numbers) -> str:
    """The likely cause, should two calls differ: state is told from chance by the first calls."""
    before = session.embed(function, probe(session))
    if before.shape == first.shape and relative_errors(before, first).max() <= REPEAT_TOLERANCE:
        return (
            "The first call after each load gives the same, so this is state that a call leaves "
            "in the model, not chance: recurrent state, running statistics, a counter."
        )
    return ""


@check(
    "R02",
    "loading twice gives the same embeddings",
    section="load_model",
    requires=(same_twice,),
    mend="Let the checkpoint hold every parameter and buffer and load it with strict=True; "
    "seed a generator of your own for anything that is drawn.",
)
def same_model_twice(session: Session) -> Verdict:
    """Parameters that the checkpoint does not set are drawn anew at each load, and the model
    that is evaluated is not the one that was handed in.
    """
    sounds = probe(session)
    try:

        def compared(function: str) -> list[tuple[float, Verdict | None]]:
            return [
                compare(
                    function,
                    session.embed(function, sounds),
                    session.embed(function, sounds, slot="second"),
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
    finally:
        session.drop("second")


@check(
    "R07",
    "the two functions work in either order",
    section="What callers rely on",
    requires=(same_model_twice,),
    mend="Pass what a function needs as arguments; do not leave it as an attribute that the "
    "other function sets or resets.",
)
def either_order(session: Session) -> Verdict:
    """One published submission's scene function resets what its timestamp function needs: it
    works only in the order in which the organisers' check happens to call them.
    """
    sounds = probe(session)
    answers: dict[str, dict[str, Numbers]] = {}
    for functions in (FUNCTIONS, FUNCTIONS[::-1]):
        slot = _FRESH[functions[0]]
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

    def compared(function: str) -> list[tuple[float, Verdict | None]]:
        first, *others = answers
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
            for other in others
        ]

    return over_functions(REPEAT_TOLERANCE, compared)


def _after(fault: Fault, functions: tuple[str, ...], sounds: Stimulus) -> CallFault:
    """The same fault, with the calls that lead to it."""
    calls = [call_of(f, "audio") for f in functions]
    return CallFault(fault, reproduce("; ".join(calls * 2), audio=sounds))


@check(
    "R09",
    "the global random seed does not matter",
    section="What callers rely on",
    requires=(same_twice,),
    mend="Draw from a generator of your own with a fixed seed, at load, or not at all.",
)
def any_seed(session: Session) -> Verdict:
    """The evaluation seeds its own training; that must not change the embeddings."""
    sounds = probe(session)

    def compared(function: str) -> list[tuple[float, Verdict | None]]:
        return [
            compare(
                function,
                session.embed(function, sounds, seed=1),
                session.embed(function, sounds, seed=2),
                REPEAT_TOLERANCE,
                "embeddings depend on the global random seed",
                expected="the same embeddings whatever the global seed",
                reproduction=reproduce(
                    "torch.manual_seed(1)",
                    f"first = {call_of(function, 'audio')}",
                    "torch.manual_seed(2)",
                    f"print(abs(first - {call_of(function, 'audio')}).max())",
                    audio=sounds,
                ),
            )
        ]

    return over_functions(REPEAT_TOLERANCE, compared)


@check(
    "R10",
    "a new process gives the same embeddings",
    section="load_model",
    requires=(same_model_twice, either_order, any_seed),
    mend="Draw random matrices from a generator with a fixed seed, or keep them in the "
    "checkpoint; do not rely on the order of sets, the clock or files made earlier.",
)
def same_elsewhere(session: Session) -> Verdict:
    """What is drawn once when the module is imported stays the same all through one run, and
    is different in the next: classifiers trained today cannot be used tomorrow.
    """
    sounds = probe(session)

    def compared(function: str) -> list[tuple[float, Verdict | None]]:
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


@check(
    "R08",
    "nothing is carried over from earlier sounds",
    section="What callers rely on",
    requires=(same_elsewhere, not_constant, benchmark_lengths),
    mend="Key caches by everything that they depend on, and keep no recurrent state, running "
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
            evidence={"traceback": fault.traceback},
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
) -> list[tuple[float, Verdict | None]]:
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
                f"{call_of(function, 'before')}",
                f"then = {call_of(function, 'audio')}",
                "# in a new process, without the audio before:",
                f"first = {call_of(function, 'audio')}",
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
