"""T, measured: where in the audio the embeddings really look, against what timestamps say."""

from __future__ import annotations

import numpy as np

from ..catalogue import Figure, Verdict, check, conforms, inconclusive, violates
from ..measure import Response
from ..session import Numbers, Session
from ..stimuli import Stimulus, bursts
from ._bursts import LENGTH_S, Experiment, experiment
from .timestamps import count_follows_length, hop_ms


def _experiment(session: Session) -> Experiment:
    return experiment(session, hop_ms(session))


def _burst_snippet(session: Session, done: Experiment) -> str:
    return session.snippet(
        "before, times = timestamps(quiet, model)",
        "after, _ = timestamps(loud, model)",
        "change = (after - before)[0].norm(dim=-1)",
        f"print(times[0][change > change.max() / 2])  # bursts at {done.bursts_ms.tolist()} ms",
        quiet=done.quiet,
        loud=done.loud,
    )


def _evidence(done: Experiment) -> dict[str, object]:
    return {
        "times_ms": done.times_ms,
        "change": done.change,
        "bursts_ms": done.bursts_ms,
        "audio": done.loud.audio[0],
    }


@check(
    "T10",
    "later sounds move later embeddings",
    section="get_timestamp_embeddings",
    requires=(count_follows_length,),
    mend="Keep frames in the order of time, from framing to the returned tensor; look for a "
    "reshape or transpose that mixes the batch and time axes.",
)
def order(session: Session) -> Verdict:
    """If embeddings are not in the order of their timestamps, every event is found elsewhere.
    Bursts at the beginning and at the end of a recording show where they really are.
    """
    done = _experiment(session)
    half = len(done.bursts_ms) // 2
    middle = float(done.times_ms[0] + done.times_ms[-1]) / 2
    wrong = []
    for name, stimulus, early in (
        ("beginning", done.bursts_ms[:half], True),
        ("end", done.bursts_ms[half:], False),
    ):
        alone = done.quiet.plus(_bursts_at(session, stimulus))
        before, _ = session.timestamps(done.quiet)
        after, _ = session.timestamps(alone)
        moved = np.linalg.norm(np.asarray(after[0], np.float64) - before[0], axis=1)
        moved = np.maximum(moved - np.median(moved), 0)
        if moved.sum() <= 0:
            return inconclusive("bursts did not move single embeddings")
        mean = float((moved * done.times_ms).sum() / moved.sum())
        if (mean < middle) != early:
            wrong.append(f"bursts at the {name} moved embeddings around {mean:.0f} ms")
    if wrong:
        return violates(
            "; ".join(wrong),
            expected=f"early bursts move embeddings before {middle:.0f} ms, late ones after it",
            snippet=_burst_snippet(session, done),
            evidence=_evidence(done),
        )
    return conforms()


def _bursts_at(session: Session, times_ms: Numbers) -> Stimulus:
    n_samples = session.samples(LENGTH_S)
    times_s = tuple(float(t) / 1000 for t in times_ms)
    return bursts(n_samples, session.sample_rate, times_s, session.seed)


@check(
    "T11",
    "timestamps are the centre of what their embeddings describe",
    section="get_timestamp_embeddings",
    requires=(order,),
    mend="Return (start of the frame + half the window - padding) * 1000 / sample_rate.",
)
def centred(session: Session) -> Verdict:
    """A timestamp at the start of its window places every event half a window early. Where
    embeddings move when a burst is added shows their true centre, whatever they claim.
    """
    done = _experiment(session)
    seen, hop = done.beginning, hop_ms(session)
    if seen.contrast < _CONTRAST:
        return inconclusive("a burst moves all embeddings about alike, so no centre can be seen")
    tolerance = hop / 8 + max(seen.width_ms, hop) / 4 + 0.5
    figures = (
        Figure("centre of the change", seen.centre_ms, "ms from the burst", tolerance),
        Figure("width of the change", seen.width_ms, "ms"),
    )
    # A causal model answers at once and decays: its peak, not its middle, is at the burst.
    one_sided = abs(seen.peak_ms - seen.centre_ms) > seen.width_ms / 4
    if abs(seen.centre_ms) <= tolerance or (one_sided and abs(seen.peak_ms) <= tolerance / 2):
        return conforms("", *figures, evidence=_evidence(done))
    side = "before" if seen.centre_ms < 0 else "after"
    return violates(
        f"the embeddings that a burst moves have timestamps centred {abs(seen.centre_ms):.4g} ms "
        f"{side} it",
        *figures,
        expected=f"within {tolerance:.3g} ms (from the hop of {hop:.4g} ms and the width of the "
        f"change, {seen.width_ms:.4g} ms)",
        hint=f"Add {-seen.centre_ms:.4g} ms to every timestamp, or find where it is lost.",
        snippet=_burst_snippet(session, done),
        evidence=_evidence(done),
    )


_CONTRAST = 3.0
"""How much more a burst must move the embeddings near it than those far away."""


@check(
    "T12",
    "timestamps do not drift",
    section="get_timestamp_embeddings",
    requires=(order,),
    mend="Let the k-th frame start at round(k * hop) with the exact, fractional hop; do not "
    "round the hop before the loop.",
)
def no_drift(session: Session) -> Verdict:
    """A hop rounded to whole samples (1102 instead of 1102.5) makes timestamps and audio
    drift apart, over 20 minutes by half a second. The centre of the change is compared near
    the beginning and near the end of 30 s.
    """
    done = _experiment(session)
    if min(done.beginning.contrast, done.end.contrast) < _CONTRAST:
        return inconclusive("a burst moves all embeddings about alike, so no centre can be seen")
    drift = _centroid(done.end) - _centroid(done.beginning)
    tolerance = max(2.0, hop_ms(session) / 10)
    apart = float(done.bursts_ms[-1] - done.bursts_ms[len(done.bursts_ms) // 2 - 1]) / 1000
    figure = Figure("drift", drift, f"ms in {apart:.1f} s", tolerance)
    if abs(drift) > tolerance:
        return violates(
            f"timestamps and audio drift apart by {drift:.4g} ms in {apart:.1f} s "
            f"({drift * 1200 / apart:.0f} ms in 20 minutes)",
            figure,
            expected=f"the same offset at the beginning and the end, within {tolerance:.3g} ms",
            snippet=_burst_snippet(session, done),
            evidence=_evidence(done),
        )
    return conforms("", figure)


def _centroid(seen: Response) -> float:
    return float((seen.offsets_ms * seen.change).sum() / seen.change.sum())
