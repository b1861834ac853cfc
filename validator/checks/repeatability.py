"""R: the same sound always gets the same embedding, alone or in company, now or later."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..catalogue import Figure, Verdict, check, conforms, violates
from ..contract import BATCH_TOLERANCE, REPEAT_TOLERANCE
from ..measure import relative_errors
from ..session import SCENE, Numbers, Session
from ..stimuli import Stimulus, clipped, constant, noise, recorded
from .outputs import FUNCTIONS, finite, not_training, probe

_SECONDS = 0.9
"""Length of the sounds in this family: above the benchmark's shortest, and cheap."""

_CPU_ATTEMPTS = 3
"""Answers compared with the first one, since a rare random choice hides in two."""


def _batch(session: Session) -> Stimulus:
    """Real recordings, each a different sound at a different level."""
    return recorded(session.sample_rate, session.samples(_SECONDS))


def _short(function: str, variable: str, row: str = "") -> str:
    if function == SCENE:
        return f"scene({variable}, model){row}"
    return f"timestamps({variable}, model)[0]{row}"


def _compare(
    function: str,
    reference: Numbers,
    other: Numbers,
    limit: float,
    what: str,
    *,
    expected: str,
    hint: str = "",
    snippet: str,
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
    return worst, violates(
        seen, figure, expected=expected, hint=hint, snippet=snippet, evidence={"errors": errors}
    )


def _over_functions(
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
        first = session.embed(function, sounds)
        return [
            _compare(
                function,
                first,
                session.embed(function, sounds, again=n),
                REPEAT_TOLERANCE,
                "two calls with the same audio differ",
                expected=f"the same embeddings, within {REPEAT_TOLERANCE:g}",
                snippet=session.snippet(
                    f"first, then = {_short(function, 'audio')}, {_short(function, 'audio')}",
                    "print((first - then).abs().max())",
                    audio=sounds,
                ),
            )
            for n in range(1, 1 + _CPU_ATTEMPTS)
        ]

    return _over_functions(REPEAT_TOLERANCE, compared)


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
                _compare(
                    function,
                    session.embed(function, sounds),
                    session.embed(function, sounds, slot="second"),
                    REPEAT_TOLERANCE,
                    "two models loaded one after the other differ",
                    expected="a model that the file determines",
                    snippet=session.snippet(
                        f"first = {_short(function, 'audio')}",
                        "model = submission.load_model("
                        + ", ".join(map(repr, session.arguments()))
                        + ")",
                        f"print((first - {_short(function, 'audio')}).abs().max())",
                        audio=sounds,
                    ),
                )
            ]

        return _over_functions(REPEAT_TOLERANCE, compared)
    finally:
        session.drop("second")


@check(
    "R03",
    "a sound's embedding does not depend on its batch",
    section="What callers rely on",
    requires=(same_twice,),
    mend="Normalise each sound by itself (over its own samples or frames, not over axis 0), "
    "and keep batch normalisation in evaluation mode.",
)
def alone_as_in_batch(session: Session) -> Verdict:
    """One published submission normalises by the statistics of the whole batch: its scores
    change with the batch size, and with which files happen to be neighbours.
    """
    sounds = _batch(session)

    def compared(function: str) -> list[tuple[float, Verdict | None]]:
        together = session.embed(function, sounds)
        alone = [session.embed(function, sounds.pick(n)) for n in range(len(sounds))]
        if any(a.shape[1:] != together.shape[1:] for a in alone):
            alone_all: Numbers = alone[0]
        else:
            alone_all = np.concatenate(alone)
        worst = int(relative_errors(alone_all, together).argmax())
        return [
            _compare(
                function,
                alone_all,
                together,
                BATCH_TOLERANCE,
                "sounds embedded alone and in a batch differ",
                expected=f"the same embedding for every position, within {BATCH_TOLERANCE:g}",
                snippet=session.snippet(
                    f"alone, together = {_short(function, f'batch[{worst}:{worst + 1}]', '[0]')}, "
                    f"{_short(function, 'batch', f'[{worst}]')}",
                    "print((alone - together).norm() / alone.norm())",
                    batch=sounds,
                ),
            )
        ]

    return _over_functions(BATCH_TOLERANCE, compared)


def _among(
    session: Session, base: Stimulus, batch: Stimulus, rows: list[int], what: str, expected: str
) -> Verdict:
    """Compare the base's embeddings with those of the same sounds at rows of another batch."""

    def compared(function: str) -> list[tuple[float, Verdict | None]]:
        return [
            _compare(
                function,
                session.embed(function, base),
                session.embed(function, batch)[rows],
                BATCH_TOLERANCE,
                what,
                expected=expected,
                snippet=session.snippet(
                    f"print(({_short(function, 'one')} - "
                    f"{_short(function, 'two', f'[{rows}]')}).norm())",
                    one=base,
                    two=batch,
                ),
            )
        ]

    return _over_functions(BATCH_TOLERANCE, compared)


@check(
    "R04",
    "the order of a batch does not matter",
    section="What callers rely on",
    requires=(alone_as_in_batch,),
    mend="Return embeddings in the order of the batch; undo any sorting by length or level.",
)
def permuted(session: Session) -> Verdict:
    """A sound's place in the batch is an accident of the file list."""
    sounds = _batch(session)
    n = len(sounds)
    for order in (list(range(n))[::-1], [*range(1, n), 0]):
        back = [order.index(k) for k in range(n)]
        verdict = _among(
            session,
            sounds,
            sounds.pick(*order),
            back,
            f"a batch in the order {order} gives other embeddings",
            "the same embeddings in the other order",
        )
        if verdict.expected:
            return verdict
    return verdict


@check(
    "R05",
    "loud, silent and noisy neighbours change nothing",
    section="What callers rely on",
    requires=(alone_as_in_batch,),
    mend="Scale, gate or normalise each sound by itself.",
)
def neighbours(session: Session) -> Verdict:
    """Batches mix silence, clipping and everything between."""
    sounds = _batch(session).pick(0, 1)
    n_samples = sounds.n_samples
    company = (
        clipped(2, n_samples, session.seed),
        constant(2, n_samples, 0.0),
        noise(2, n_samples, session.seed + 5, level=0.3),
    )
    for others in company:
        verdict = _among(
            session,
            sounds,
            others.beside(sounds),
            [2, 3],
            f"beside {others.name}, two recordings get other embeddings",
            "the same embeddings in any company",
        )
        if verdict.expected:
            return verdict
    return verdict


@check(
    "R06",
    "the size of the batch does not matter",
    section="What callers rely on",
    requires=(alone_as_in_batch,),
    mend="Compare the code paths for small and large batches; look for chunks whose last, "
    "smaller one is dropped, padded or averaged with others.",
)
def batch_sizes(session: Session) -> Verdict:
    """The last batch of a folder holds whatever is left over."""
    few = _batch(session).pick(0, 1, 2)
    for size in (7, 16):
        filler = noise(size - len(few), few.n_samples, session.seed + 7)
        verdict = _among(
            session,
            few,
            few.beside(filler),
            [0, 1, 2],
            f"three recordings get other embeddings in a batch of {size}",
            "the same embeddings in a batch of any size",
        )
        if verdict.expected:
            return verdict
    return verdict


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
    sounds = _batch(session).pick(0, 1)
    answers: dict[str, dict[str, Numbers]] = {}
    for slot, order in (("timestamps first", FUNCTIONS), ("scene first", FUNCTIONS[::-1])):
        try:
            answers[slot] = {f: session.embed(f, sounds, slot=slot) for f in order}
            answers[slot + ", again"] = {
                f: session.embed(f, sounds, slot=slot, again=1) for f in order
            }
        finally:
            session.drop(slot)

    def compared(function: str) -> list[tuple[float, Verdict | None]]:
        first, *others = answers
        return [
            _compare(
                function,
                answers[first][function],
                answers[other][function],
                REPEAT_TOLERANCE,
                f"with the {other} it answers otherwise than with the {first}",
                expected="the same embeddings whichever function is called first",
                snippet=session.snippet(
                    f"first = {_short(function, 'audio')}",
                    _short(FUNCTIONS[1 - FUNCTIONS.index(function)], "audio"),
                    f"print((first - {_short(function, 'audio')}).abs().max())",
                    audio=sounds,
                ),
            )
            for other in others
        ]

    return _over_functions(REPEAT_TOLERANCE, compared)


@check(
    "R08",
    "nothing is carried over from earlier sounds",
    section="What callers rely on",
    requires=(same_twice,),
    mend="Key caches by everything that they depend on, and keep no recurrent state, running "
    "statistics or buffers between calls.",
)
def no_memory(session: Session) -> Verdict:
    """Files of many lengths are embedded one after the other with one model."""
    sounds = _batch(session).pick(0, 1)
    longer = noise(1, session.samples(2.3), session.seed + 3)
    same_length = noise(2, sounds.n_samples, session.seed + 4)
    shorter = noise(3, session.samples(0.82), session.seed + 5)

    def compared(function: str) -> list[tuple[float, Verdict | None]]:
        first = session.embed(function, sounds)
        found = []
        for n, between in enumerate((longer, same_length, shorter), 1):
            for other in FUNCTIONS:
                session.call(other, between, again=100 + n)
            found.append(
                _compare(
                    function,
                    first,
                    session.embed(function, sounds, again=100 + n),
                    REPEAT_TOLERANCE,
                    f"after {between.name} in between, the same audio gets another embedding",
                    expected="the same embeddings, whatever was embedded before",
                    snippet=session.snippet(
                        f"first = {_short(function, 'audio')}",
                        "scene(between, model), timestamps(between, model)",
                        f"print((first - {_short(function, 'audio')}).abs().max())",
                        audio=sounds,
                        between=between,
                    ),
                )
            )
        return found

    return _over_functions(REPEAT_TOLERANCE, compared)


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
            _compare(
                function,
                session.embed(function, sounds, seed=1),
                session.embed(function, sounds, seed=2),
                REPEAT_TOLERANCE,
                "embeddings depend on the global random seed",
                expected="the same embeddings after torch.manual_seed(1) and torch.manual_seed(2)",
                snippet=session.snippet(
                    "torch.manual_seed(1)",
                    f"first = {_short(function, 'audio')}",
                    "torch.manual_seed(2)",
                    f"print((first - {_short(function, 'audio')}).abs().max())",
                    audio=sounds,
                ),
            )
        ]

    return _over_functions(REPEAT_TOLERANCE, compared)
