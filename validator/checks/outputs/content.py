"""Embeddings are numbers, and depend on the sound."""

from __future__ import annotations

import numpy as np

from ...asking.measure import relative_errors
from ...asking.session import Session
from ...asking.snippets import reproduce
from ...catalogue import Figure, Spares, Verdict, check, conforms, violates
from ...stimuli import clipped, constant, impulse, recorded
from .._calls import FUNCTIONS, call_of, probe
from .dtypes import embedding_dtype
from .shapes import shapes

_SAME_SOUND = 1e-6
"""Relative difference below which embeddings of different sounds count as the same."""


@check(
    "O07",
    "embeddings are finite whatever the sound",
    section="get_scene_embeddings",
    requires=(shapes, embedding_dtype),
    fix="Guard logarithms and divisions: log(x + eps), x / (std + eps) for silent sounds.",
)
def finite(session: Session) -> Verdict:
    """One NaN in the training set makes every score of a task NaN. Silence, a DC offset
    and full-scale clipping all occur in the benchmark's recordings.
    """
    n_samples = session.samples(1.0)
    usual = (probe(session), recorded(session.sample_rate, n_samples, session.seed))
    stimuli = (
        *usual,
        constant(1, n_samples, 0.0),
        clipped(1, n_samples, session.seed),
        constant(1, n_samples, 0.5),
        impulse(1, n_samples),
    )
    for stimulus in stimuli:
        for function in FUNCTIONS:
            embeddings = session.embed(function, stimulus)
            bad = int(np.size(embeddings) - np.isfinite(embeddings).sum())
            if bad:
                return violates(
                    f"{function} returned {bad} of {np.size(embeddings)} numbers that are not "
                    f"finite for {stimulus.name}",
                    Figure("not finite", bad),
                    spares=Spares.NOTHING if stimulus in usual else Spares.WORKING,
                    expected="finite numbers",
                    reproduction=reproduce(
                        f"print(abs({call_of(function, 'audio')}).max())", audio=stimulus
                    ),
                )
    return conforms("noise, recordings, silence, clipping, a DC offset, an impulse")


@check(
    "O08",
    "different sounds get different embeddings",
    section="get_scene_embeddings",
    requires=(finite,),
    fix="Check that the audio reaches the model, that the weights are loaded, and that no "
    "saturation or normalisation flattens the result.",
)
def not_constant(session: Session) -> Verdict:
    """An embedding that does not depend on the sound scores at chance on every task."""
    sounds = recorded(session.sample_rate, session.samples(1.0), session.seed)
    pairs = [(a, b) for a in range(len(sounds)) for b in range(a)]
    figures = []
    for function in FUNCTIONS:
        embeddings = session.embed(function, sounds)
        smallest, one, other = min(
            (float(relative_errors(embeddings[[a]], embeddings[[b]])[0]), a, b) for a, b in pairs
        )
        figures.append(Figure(f"smallest difference ({function})", smallest, limit=_SAME_SOUND))
        if smallest <= _SAME_SOUND:
            return violates(
                f"{function} returned the same embedding for different recordings",
                *figures,
                expected="embeddings that depend on the sound",
                reproduction=reproduce(
                    f"one, other = {call_of(function, 'audio', f'[[{one}, {other}]]')}",
                    "print(abs(one - other).max(), abs(one).max())",
                    audio=sounds,
                ),
            )
    return conforms("", *figures)
