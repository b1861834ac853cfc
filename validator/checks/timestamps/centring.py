"""Where in the audio the embeddings really look, compared with what timestamps say."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...asking.measure import Response, likeness
from ...asking.session import Session
from ...asking.snippets import Reproduction, reproduce
from ...catalogue import Figure, Verdict, check, conforms, inconclusive, violates
from ..length.coverage import not_truncated
from ..repeatability.memory import no_memory
from ._bursts import Experiment, Group, experiment
from ._sounds import hop_ms
from .extent import count_follows_length

_CONTRAST = 3.0
"""How much more a burst must move the embeddings near it than those far away."""


_CLEAN = 0.95
"""Share of the strongest moves that must be near a burst for a centre to be measured."""


_ALIKE = 0.9
"""How alike responses at the beginning and the end must be for a drift to be measured."""


_NO_CENTRE = "bursts move embeddings everywhere, so no centre can be seen"


_SAME_TIME = 1e-6
"""Relative spread over time below which all timestamps count as having one embedding."""


_LONGEST_HOP_MS = 1000.0
"""Half of what is between two bursts: with a longer hop, many bursts have no embedding."""


_NEAR = 0.55
"""Share of the strongest moves that is near a burst if embeddings are in their place. In no
order at all, a bit over a third is, since a group of bursts with its neighbourhood lasts 12 s."""


_REVERSED_MS = 300.0
"""How near to the mirror image of a burst a reversed embedding moves."""


def _experiment(session: Session) -> Experiment:
    return experiment(session, hop_ms(session))


def _reproduction(done: Experiment, group: Group) -> Reproduction:
    return reproduce(
        "before, times = timestamps(quiet, model)",
        "after, _ = timestamps(loud, model)",
        "change = abs(after - before)[0].sum(-1)",
        f"print(times[0][change > change.max() / 2])  # bursts at {group.bursts_ms.tolist()} ms",
        quiet=done.quiet,
        loud=group.loud,
    )


@dataclass(frozen=True)
class Centring:
    """What bursts moved, for a picture.

    Attributes:
        sample_rate: Hz.
        times_ms: Timestamps, shape (n_timestamps,).
        beginning: What bursts near the beginning did.
        end: What bursts near the end did.
        centre_ms: Where the centre of the change is, from the burst; None if it was not measured.
        tolerance_ms: How far from the burst it may be.
    """

    sample_rate: int
    times_ms: NDArray[np.float64]
    beginning: Group
    end: Group
    centre_ms: float | None = None
    tolerance_ms: float = 0.0


def _evidence(
    session: Session, done: Experiment, centre_ms: float | None = None, tolerance_ms: float = 0.0
) -> Centring:
    return Centring(
        session.sample_rate, done.times_ms, done.beginning, done.end, centre_ms, tolerance_ms
    )


@check(
    "T10",
    "embeddings are in the order of their timestamps",
    section="get_timestamp_embeddings",
    requires=(count_follows_length, not_truncated, no_memory),
    fix="Keep frames in the order of time, from framing to the returned tensor; look for a "
    "reshape or transpose that mixes the batch and time axes.",
)
def order(session: Session) -> Verdict:
    """If embeddings are not in the order of their timestamps, every event is found at another time.
    Bursts in the first and in the last third of a recording show where embeddings really are.
    """
    done = _experiment(session)
    spread = float(np.linalg.norm(np.ptp(done.embeddings, axis=0)))
    if len(done.times_ms) > 1 and spread <= _SAME_TIME * np.linalg.norm(done.embeddings[0]):
        return violates(
            f"all {len(done.times_ms)} timestamps of {done.quiet.name} have the same embedding",
            expected="embeddings that describe the sound around their timestamps",
            hint="Return the embeddings before they are averaged over time.",
            reproduction=reproduce("print(timestamps(audio, model)[0].std(1))", audio=done.quiet),
        )
    if hop_ms(session) > _LONGEST_HOP_MS or not all(group.change.any() for group in done.groups):
        return inconclusive("bursts fall between the embeddings, so their place cannot be seen")
    if any(np.median(g.change) * _CONTRAST > g.change.max() for g in done.groups):
        return inconclusive(_NO_CENTRE)
    near = float(np.mean([group.response.near for group in done.groups]))
    figure = Figure("moved within 1 s of a burst", near, "of the moved embeddings", _NEAR)
    # A network that one burst tips over everywhere still answers each burst where it is, or
    # moves the rest by all amounts; embeddings in the wrong place move fully or not at all.
    if near >= _NEAR or not (_unanswered(done) or _all_or_nothing(done)):
        return conforms("", figure)
    group = done.beginning
    seen = done.times_ms[group.change >= group.change.max() / 2]
    return violates(
        f"bursts from {group.bursts_ms[0]:.0f} to {group.bursts_ms[-1]:.0f} ms move embeddings "
        f"whose timestamps run from {seen.min():.0f} to {seen.max():.0f} ms",
        figure,
        expected="a burst moves the embeddings whose timestamps are near it",
        hint=_order_hint(done, group, seen),
        reproduction=_reproduction(done, group),
        evidence=_evidence(session, done),
    )


def _unanswered(done: Experiment) -> bool:
    return float(np.mean([group.response.answered for group in done.groups])) < 0.5


def _all_or_nothing(done: Experiment) -> bool:
    strong, weak = (
        sum(float((g.change >= g.change.max() * height).sum()) for g in done.groups)
        for height in (0.5, 0.1)
    )
    return weak <= 2 * strong


def _clean(done: Experiment) -> bool:
    responses = [group.response for group in done.groups]
    return all(r.contrast >= _CONTRAST and r.near >= _CLEAN for r in responses)


def _order_hint(done: Experiment, group: Group, seen: NDArray[np.float64]) -> str:
    mirrored = done.times_ms[0] + done.times_ms[-1] - group.bursts_ms
    if (np.abs(seen[:, None] - mirrored).min(axis=1) < _REVERSED_MS).mean() > _NEAR:
        return "They run backwards in time."
    return ""


@check(
    "T11",
    "timestamps are the centre of what their embeddings describe",
    section="get_timestamp_embeddings",
    requires=(order,),
    fix="Return (start of the frame + half the window - padding) * 1000 / sample_rate.",
)
def centred(session: Session) -> Verdict:
    """A timestamp at the start of its window places every event half a window early. The embeddings
    that change when a burst is added show their true centre, whatever the timestamps say.
    """
    done, hop = _experiment(session), hop_ms(session)
    if not _clean(done):
        return inconclusive(_NO_CENTRE)
    seen = done.beginning.response
    # How far timestamps have drifted by then is for the check below.
    drift, tolerance = _drift(done, hop)
    if abs(drift) > tolerance:
        shift = drift * float(done.beginning.bursts_ms.mean()) / done.apart_ms
        seen = replace(seen, centre_ms=seen.centre_ms - shift, peak_ms=seen.peak_ms - shift)
    tolerance = hop / 12 + seen.width_ms / 4 + 1.0
    figures = (
        Figure("centre of the change", seen.centre_ms, "ms from the burst", tolerance),
        Figure("width of the change", seen.width_ms, "ms"),
    )
    evidence = _evidence(session, done, seen.centre_ms, tolerance)
    # A causal model answers at once and decays: its peak, not its middle, is at the burst.
    peak_tolerance = hop / 12 + seen.width_ms / 8 + 1.0
    if abs(seen.centre_ms) <= tolerance or abs(seen.peak_ms) <= peak_tolerance:
        return conforms("", *figures, evidence=evidence)
    side = "before" if seen.centre_ms < 0 else "after"
    return violates(
        f"the embeddings that a burst moves have timestamps centred {abs(seen.centre_ms):.3g} ms "
        f"{side} it",
        *figures,
        expected=f"within {tolerance:.3g} ms (from the hop of {hop:.4g} ms and the width of the "
        f"change, {seen.width_ms:.3g} ms)",
        hint=_centre_hint(seen),
        reproduction=_reproduction(done, done.beginning),
        evidence=evidence,
    )


def _centre_hint(seen: Response) -> str:
    if 0.3 <= abs(seen.centre_ms) / max(seen.width_ms, 1e-3) <= 0.9:
        edge = "starts" if seen.centre_ms < 0 else "ends"
        return f"They look like the {edge} of windows that are about as wide as the change."
    where = "later" if seen.centre_ms < 0 else "earlier"
    return f"They would be right {abs(seen.centre_ms):.3g} ms {where}."


@check(
    "T12",
    "timestamps do not drift",
    section="get_timestamp_embeddings",
    requires=(order,),
    fix="Let the k-th frame start at round(k * hop) with the exact, fractional hop; do not "
    "round the hop before the loop.",
)
def no_drift(session: Session) -> Verdict:
    """A hop rounded to whole samples (1102 instead of 1102.5) makes timestamps and audio drift
    apart, over 20 minutes by half a second. The check compares the centres of the changes near the
    beginning and near the end of 30 s.
    """
    done, hop = _experiment(session), hop_ms(session)
    drift, tolerance = _drift(done, hop)
    if not _clean(done):
        return inconclusive(_NO_CENTRE)
    if likeness(done.beginning.response, done.end.response, drift) < _ALIKE:
        return inconclusive("bursts at the beginning and at the end move embeddings differently")
    apart = done.apart_ms / 1000
    figure = Figure("drift", drift, f"ms in {apart:.1f} s", tolerance)
    if abs(drift) <= tolerance:
        return conforms("", figure)
    claimed = hop / 1000 * session.sample_rate
    true = claimed / (1 + drift / 1000 / apart)
    return violates(
        f"timestamps and audio drift apart by {drift:.3g} ms in {apart:.1f} s "
        f"({drift * 1.2 / apart:.2g} s in 20 minutes)",
        figure,
        expected=f"the same offset at the beginning and the end, within {tolerance:.3g} ms",
        hint=f"Timestamps are {claimed:.2f} samples apart, frames about {true:.2f}.",
        reproduction=_reproduction(done, done.end),
        evidence=_evidence(session, done),
    )


def _drift(done: Experiment, hop: float) -> tuple[float, float]:
    """How far the centre moves from the beginning to the end, and the bound, in ms."""
    first, last = (group.response for group in done.groups)
    return last.centroid_ms - first.centroid_ms, max(1.0, hop / 20, first.width_ms / 40)
