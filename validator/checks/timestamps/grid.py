"""Timestamps are one regular grid."""

from __future__ import annotations

import numpy as np

from hearkit.api.contract import (
    SPACING_TOLERANCE_MS,
)

from ...asking.session import Session
from ...asking.snippets import reproduce
from ...catalogue import Figure, Spares, Verdict, check, conforms, violates
from ...stimuli import constant, noise, recorded
from .._calls import probe
from ..outputs.shapes import shapes
from ._sounds import (
    ROUNDING_MS,
    grain_ms,
    printing,
    sounds_of_many_lengths,
    times_of,
)
from .units import milliseconds


@check(
    "T02",
    "timestamps increase",
    section="get_timestamp_embeddings",
    requires=(milliseconds,),
    single=True,
    fix="Return one timestamp for each frame, in the order of time.",
)
def increasing(session: Session) -> Verdict:
    """Events are read from the embeddings in the order of their timestamps."""
    for sounds in sounds_of_many_lengths(session):
        times = times_of(session, sounds)
        steps = np.diff(times)
        # In a coarse dtype, neighbours may be the same number.
        blurred = len(steps) and steps.min() == 0 and grain_ms(session, times.max()) > steps.mean()
        if len(steps) and not blurred and not steps.min() > 0:
            k = int(np.argmin(steps))
            seen = (
                f"timestamp {k + 1} is {-steps[k]:.4g} ms before timestamp {k}"
                if steps[k] != 0
                else f"timestamps {k} and {k + 1} are equal"
            )
            return violates(
                f"{seen} ({sounds.n_samples / session.sample_rate:.4g} s of audio)",
                Figure("smallest interval", float(steps[k]), "ms", 0.0),
                expected="each timestamp later than the one before",
                reproduction=printing(sounds),
            )
    return conforms()


@check(
    "T03",
    "timestamps are the same for every sound of a batch",
    section="get_timestamp_embeddings",
    requires=(increasing, shapes),
    fix="Compute timestamps once and expand them over the batch.",
)
def same_in_batch(session: Session) -> Verdict:
    """All sounds of a batch have the same length, so they have the same timestamps."""
    sounds = recorded(session.sample_rate, session.samples(1.0), session.seed)
    times = np.asarray(session.timestamps(sounds)[1], np.float64)
    worst = float(np.abs(times - times[0]).max())
    figure = Figure("largest difference", worst, "ms", ROUNDING_MS)
    if not worst <= ROUNDING_MS:
        return violates(
            f"timestamps of sounds in one batch differ by up to {worst:.4g} ms",
            figure,
            spares=Spares.SINGLE,
            expected="the same timestamps in every row",
            reproduction=printing(sounds, "times - times[:1]"),
        )
    return conforms("", figure)


@check(
    "T04",
    "timestamps are regular",
    section="get_timestamp_embeddings",
    requires=(same_in_batch,),
    single=True,
    fix="Compute the k-th timestamp as k * hop plus a constant.",
)
def regular(session: Session) -> Verdict:
    """Event scoring and transcription assume one hop throughout; the organisers accept 1 ms
    of deviation from the mean interval.
    """
    worst = 0.0
    for sounds in sounds_of_many_lengths(session):
        times = times_of(session, sounds)
        steps = np.diff(times)
        if not len(steps):
            continue
        deviation = float(np.abs(steps - steps.mean()).max())
        deviation = max(0.0, deviation - grain_ms(session, times.max()))
        worst = max(worst, deviation)
        if not deviation <= SPACING_TOLERANCE_MS:
            k = int(np.argmax(np.abs(steps - steps.mean())))
            return violates(
                f"the interval after timestamp {k} is {steps[k]:.4g} ms, the mean interval "
                f"{steps.mean():.4g} ms ({sounds.n_samples / session.sample_rate:.4g} s of audio)",
                Figure("largest deviation", deviation, "ms", SPACING_TOLERANCE_MS),
                expected=f"intervals within {SPACING_TOLERANCE_MS:g} ms of their mean",
                reproduction=printing(sounds, "times[0, 1:] - times[0, :-1]"),
            )
    return conforms("", Figure("largest deviation", worst, "ms", SPACING_TOLERANCE_MS))


@check(
    "T05",
    "sounds of one length always get the same timestamps",
    section="get_timestamp_embeddings",
    requires=(regular, same_in_batch, shapes),
    fix="Derive timestamps from the number of samples alone.",
)
def same_every_time(session: Session) -> Verdict:
    """Timestamps describe the length of the audio, not its content, the size of the batch or
    what was embedded before.
    """
    n_samples = session.samples(1.0)
    reference = times_of(session, probe(session))
    others = (
        recorded(session.sample_rate, n_samples, session.seed),
        noise(1, n_samples, session.seed + 1),
        noise(1, n_samples, session.seed + 2, level=0.001),
        noise(3, n_samples, session.seed),
        constant(1, n_samples, 0.0),
    )
    for sounds in others:
        times = times_of(session, sounds)
        same_count = len(times) == len(reference)
        worst = float(np.abs(times - reference).max()) if same_count else np.inf
        if not worst <= ROUNDING_MS:
            seen = (
                f"differ by up to {worst:.4g} ms"
                if same_count
                else f"are {len(times)} instead of {len(reference)}"
            )
            return violates(
                f"the timestamps of {sounds.name} {seen}, compared with {probe(session).name}",
                Figure("largest difference", worst, "ms", ROUNDING_MS),
                expected="the same timestamps for the same length",
                reproduction=reproduce(
                    "print(timestamps(one, model)[1][0])",
                    "print(timestamps(two, model)[1][0])",
                    one=probe(session),
                    two=sounds,
                ),
            )
    return conforms()
