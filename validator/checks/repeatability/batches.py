"""A sound's embedding is its own, whatever else is in the batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hearkit.errors import Fault

from ...asking.measure import relative_errors
from ...asking.session import Numbers, Session
from ...asking.snippets import reproduce
from ...catalogue import Verdict, check
from ...stimuli import Stimulus, clipped, constant, noise, recorded
from ...tolerances import BATCH_TOLERANCE, BATCH_TOLERANCE_GPU, coarseness
from .._calls import FUNCTIONS, call_of, probe
from ._compare import compare, mixture, over_functions, worst_of
from .memory import no_memory

_SIZES = (12, 33)
"""Chunks of 8, 16 or 32 sounds leave some, or one, over."""

_FRAMES = 80
"""A multiple of 5, 8, 10 and 16: of so many frames, chunks of as many leave nothing over, and code
such as `x[:-rest]` returns nothing for a rest of 0."""

_MOST_AUDIO_S = 16.0
_MOST_SOUNDS = 32


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
    on_cpu = session.submission.device == "cpu"
    return max(
        BATCH_TOLERANCE if on_cpu else BATCH_TOLERANCE_GPU,
        *(coarseness(session.values(f, probe(session))[0].dtype) for f in FUNCTIONS),
    )


@check(
    "R03",
    "a sound's embedding does not depend on its batch",
    section="What callers rely on",
    requires=(no_memory,),
    fix="Compute each sound by itself: normalise over its own samples or frames, not over axis 0; "
    "keep frames of different sounds apart when you cut or regroup them; keep batch normalisation "
    "in evaluation mode.",
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
                hint=_cause(session, alone_all, together),
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


def _cause(session: Session, alone: Numbers, together: Numbers) -> str:
    """The likely cause of what differs in a batch."""
    parts = session.facts().parts
    if any(part.endswith(".top_db") or part in _DECIBELS for part in parts):
        return (
            "The code makes decibels (AmplitudeToDB, power_to_db): with top_db, they are cut below "
            "the loudest of all that is passed, for which torchaudio takes a batch of shape "
            "(sounds, mels, frames). Pass (sounds, 1, mels, frames), or each sound by itself."
        )
    if _first_is_right(session, alone, together):
        return (
            "The beginning of the first sound is right, and what follows is not: frames of "
            "different sounds are probably regrouped, by a reshape or a split over all frames of "
            "the batch."
        )
    if any("BatchNorm" in part or part == "batch_norm" for part in parts):
        return (
            "The model has batch normalisation: without running statistics "
            "(track_running_stats=False, or F.batch_norm with training=True) it takes those of "
            "the batch, in evaluation mode, too."
        )
    return ""


def _first_is_right(session: Session, alone: Numbers, together: Numbers) -> bool:
    """Whether the first frames of a batch, or its first sound, are as they should be."""
    if alone.shape != together.shape:
        return False
    rows = alone if alone.ndim == 2 else alone.reshape(-1, alone.shape[-1])
    wrong = relative_errors(rows, together.reshape(rows.shape)) > _tolerance(session)
    first = max(1, len(rows) // len(alone) // 10)
    return bool(not wrong[:first].any() and wrong[first:].any() and wrong.mean() > 0.2)


_DECIBELS = {"AmplitudeToDB", "amplitude_to_DB", "power_to_db", "amplitude_to_db"}


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

    return worst_of([*map(among, _SIZES), *_without_rest(session)], _tolerance(session))


def _without_rest(session: Session) -> Iterator[Verdict]:
    """A power of two of sounds whose number of frames is a multiple of what chunks usually have."""
    n_samples = _samples_of(session, _FRAMES)
    if not n_samples:
        return
    size, most = 4, min(_MOST_SOUNDS, _MOST_AUDIO_S * session.sample_rate / n_samples)
    while 2 * size <= most:
        size *= 2
    # All rows are one sound, so that nothing has to be embedded alone.
    batch = recorded(session.sample_rate, n_samples, session.seed).pick(*[0] * size)
    for function in FUNCTIONS:
        embeddings = session.embed(function, batch)
        first = np.broadcast_to(embeddings[:1], embeddings.shape)
        yield compare(
            function,
            first,
            embeddings,
            _tolerance(session),
            f"a batch of {size} times one sound of {_FRAMES} frames gets different embeddings",
            expected="the same embedding for the same sound",
            reproduction=reproduce(
                f"same = {call_of(function, 'batch')}",
                "print(abs(same - same[:1]).max())",
                batch=batch,
            ),
        )


def _samples_of(session: Session, n_frames: int) -> int:
    """A length that has this number of timestamps; 0 if it cannot be told or is far too long.

    The k-th timestamp comes with so many samples; where the first hop begins is known from a few
    lengths, each of which leaves a hop of possibilities.
    """
    try:
        grids = [(s, session.timestamps(noise(1, session.samples(s), session.seed))[1][0])
                 for s in (1.0, 3.0)]  # fmt: skip
    except Fault:
        return 0
    times = np.asarray(grids[-1][1], np.float64)
    hop_s = float(np.ptp(times)) / 1000 / (len(times) - 1) if len(times) > 1 else 0.0
    if not 0.001 <= hop_s <= _MOST_AUDIO_S / 4 / n_frames:
        return 0
    begins = [(s - len(t) * hop_s, s - (len(t) - 1) * hop_s) for s, t in grids]
    earliest, latest = max(low for low, _ in begins), min(high for _, high in begins)
    if earliest > latest:  # short audio is padded, say: the number does not follow the length
        return 0
    return max(0, session.samples((earliest + latest) / 2 + (n_frames - 0.5) * hop_s))
