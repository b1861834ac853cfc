"""A sound's embedding is its own, whatever else is in the batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...asking.measure import relative_errors
from ...asking.session import Numbers, Session
from ...asking.snippets import reproduce
from ...catalogue import Verdict, check
from ...stimuli import Stimulus, clipped, constant, noise
from ...tolerances import BATCH_TOLERANCE, BATCH_TOLERANCE_GPU
from .._calls import call_of
from ._compare import compare, mixture, over_functions, worst_of
from .memory import no_memory

_SIZES = (5, 12, 33)
"""Chunks of 4, 8, 16 or 32 sounds leave some, or one, over."""


@dataclass(frozen=True)
class BatchErrors:
    """How far each recording's embedding in a batch is from its embedding alone.

    Attributes:
        by_function: Relative errors by position in the batch, for each function.
        limit: What is accepted.
    """

    by_function: Mapping[str, NDArray[np.float64]]
    limit: float


def _tolerance(session: Session) -> float:
    return BATCH_TOLERANCE if session.submission.device == "cpu" else BATCH_TOLERANCE_GPU


@check(
    "R03",
    "a sound's embedding does not depend on its batch",
    section="What callers rely on",
    requires=(no_memory,),
    fix="Normalise each sound by itself (over its own samples or frames, not over axis 0), "
    "and keep batch normalisation in evaluation mode.",
)
def alone_as_in_batch(session: Session) -> Verdict:
    """One published submission normalises by the statistics of the whole batch: its scores change
    with the batch size, and with the files that happen to share a batch.
    """
    sounds = mixture(session)
    errors: dict[str, NDArray[np.float64]] = {}

    def compared(function: str) -> list[Verdict]:
        together = session.embed(function, sounds)
        alone = [session.embed(function, sounds.pick(n)) for n in range(len(sounds))]
        if any(a.shape[1:] != together.shape[1:] for a in alone):
            alone_all: Numbers = alone[0]
        else:
            alone_all = np.concatenate(alone)
        errors[function] = relative_errors(alone_all, together)
        worst = int(errors[function].argmax())
        return [
            compare(
                function,
                alone_all,
                together,
                _tolerance(session),
                "sounds embedded alone and in a batch differ",
                expected=f"the same embedding for every position, within {_tolerance(session):g}",
                reproduction=reproduce(
                    f"alone, together = {call_of(function, f'batch[{worst}:{worst + 1}]', '[0]')}, "
                    f"{call_of(function, 'batch', f'[{worst}]')}",
                    "print(abs(alone - together).max() / abs(alone).max())",
                    batch=sounds,
                ),
            )
        ]

    verdict = over_functions(_tolerance(session), compared)
    return replace(verdict, evidence=BatchErrors(errors, _tolerance(session)))


def _among(
    session: Session, base: Stimulus, batch: Stimulus, rows: list[int], what: str, expected: str
) -> Verdict:
    """Compare the base's embeddings with those of the same sounds at rows of another batch."""

    def compared(function: str) -> list[Verdict]:
        return [
            compare(
                function,
                session.embed(function, base),
                session.embed(function, batch)[rows],
                _tolerance(session),
                what,
                expected=expected,
                reproduction=reproduce(
                    f"print(abs({call_of(function, 'one')} - "
                    f"{call_of(function, 'two', f'[{rows}]')}).max())",
                    one=base,
                    two=batch,
                ),
            )
        ]

    return over_functions(_tolerance(session), compared)


@check(
    "R04",
    "the order of a batch does not matter",
    section="What callers rely on",
    requires=(alone_as_in_batch,),
    fix="Return embeddings in the order of the batch; undo any sorting by length or level.",
)
def permuted(session: Session) -> Verdict:
    """A sound's position in the batch is an accident of the file list."""
    sounds = mixture(session)
    n = len(sounds)
    orders = (list(range(n))[::-1], [*range(1, n), 0])
    verdicts = (
        _among(
            session,
            sounds,
            sounds.pick(*order),
            [order.index(k) for k in range(n)],
            f"a batch in the order {order} gives other embeddings",
            "the same embeddings in the other order",
        )
        for order in orders
    )
    return worst_of(verdicts, _tolerance(session))


@check(
    "R05",
    "loud, silent and noisy neighbours change nothing",
    section="What callers rely on",
    requires=(alone_as_in_batch,),
    fix="Scale, gate or normalise each sound by itself.",
)
def neighbours(session: Session) -> Verdict:
    """Batches mix silence, clipping and everything between."""
    sounds = mixture(session).pick(0, 1)
    n_samples = sounds.n_samples
    company = (
        clipped(2, n_samples, session.seed),
        constant(2, n_samples, 0.0),
        noise(2, n_samples, session.seed + 5, level=0.3),
    )
    verdicts = (
        _among(
            session,
            sounds,
            others.followed_by(sounds),
            [2, 3],
            f"next to {others.name}, two recordings get other embeddings",
            "the same embeddings in any company",
        )
        for others in company
    )
    return worst_of(verdicts, _tolerance(session))


@check(
    "R06",
    "the size of the batch does not matter",
    section="What callers rely on",
    requires=(alone_as_in_batch,),
    fix="Compare the code paths for small and large batches; look for chunks whose last, "
    "smaller one is dropped, padded or averaged with others.",
)
def batch_sizes(session: Session) -> Verdict:
    """The last batch of a folder has as many sounds as are left over."""
    few = mixture(session).pick(0, 1, 2)

    def among(size: int) -> Verdict:
        filler = noise(size - len(few), few.n_samples, session.seed + 7)
        return _among(
            session,
            few,
            few.pick(0).followed_by(filler).followed_by(few.pick(1, 2)),
            [0, size - 2, size - 1],
            f"three recordings get other embeddings in a batch of {size}",
            "the same embeddings in a batch of any size",
        )

    return worst_of(map(among, _SIZES), _tolerance(session))
