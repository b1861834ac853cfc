"""Where in the audio the embeddings really look, compared with what timestamps say."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...asking.measure import likeness
from ...asking.session import Session
from ...asking.singles import LEVELS, Singles
from ...asking.snippets import Reproduction, reproduce
from ...catalogue import Figure, Severity, Verdict, check, conforms, inconclusive, violates
from ..length.coverage import not_truncated
from ..repeatability.memory import no_memory
from ._bursts import Experiment, Group, experiment
from ._sounds import LENGTHS_S, duration_ms, grain_ms, hop_ms, sounds_of, times_of
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


_AGREEING = 0.85
"""Share of bursts that must be off to the same side for the tips of responses to be off."""


_UNSTRETCH = (
    "Multiply the number of the frame by the hop, instead of spreading timestamps evenly over "
    "the audio (linspace up to its end): what is left after the last whole hop has no frame."
)


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
    single=True,
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
    single=True,
    fix="Return (start of the frame + half the window - padding) * 1000 / sample_rate.",
)
def centred(session: Session) -> Verdict:
    """A timestamp at the start of its window places every event half a window early. The embeddings
    that change when a burst is added show their true centre, whatever the timestamps say.
    """
    done, hop = _experiment(session), hop_ms(session)
    if not _clean(done):
        return inconclusive(_NO_CENTRE)
    one = done.singles
    if one is not None and one.locked:
        return inconclusive(_blocks(one))
    if one is not None and one.level > LEVELS[0]:
        return _centred_in_blocks(session, done, one, hop)
    seen = done.beginning.response
    # How far timestamps have drifted by then is for the check below.
    drift, tolerance = _drift(done, hop)
    if abs(drift) > tolerance:
        rest = drift - done.taken_out * done.apart_ms
        shift = rest * float(done.beginning.bursts_ms.mean()) / done.apart_ms
        seen = replace(seen, centre_ms=seen.centre_ms - shift, peak_ms=seen.peak_ms - shift)
    tolerance = hop / 12 + seen.width_ms / 4 + 1.0 + done.grain_ms / 2
    figures = _centre_figures(seen.centre_ms, seen.width_ms, tolerance)
    evidence = _evidence(session, done, seen.centre_ms, tolerance)
    # A causal model answers at once and decays: its peak, not its middle, is at the burst.
    peak_tolerance = hop / 12 + seen.width_ms / 8 + 1.0 + done.grain_ms / 2
    if abs(seen.centre_ms) <= tolerance or abs(seen.peak_ms) <= peak_tolerance:
        return conforms("", *figures, evidence=evidence)
    return _off_centre(done, figures, evidence, hop)


def _centred_in_blocks(session: Session, done: Experiment, one: Singles, hop: float) -> Verdict:
    """Where a whole block moves with a burst, and the burst's own frames much further."""
    tolerance = hop / 2 + one.width_ms / 4 + 1.0 + done.grain_ms / 2
    figures = _centre_figures(one.centre_ms, one.width_ms, tolerance)
    evidence = _evidence(session, done, one.centre_ms, tolerance)
    if abs(one.centre_ms) <= tolerance:
        return conforms("what moves furthest in its block", *figures, evidence=evidence)
    # The tips of responses are noisy: only what nearly all bursts agree in is a defect.
    apart = one.offsets_ms - one.slope * one.bursts_ms
    agreeing = float((np.sign(apart) == np.sign(one.centre_ms)).mean())
    if abs(one.centre_ms) <= 2 * tolerance or agreeing < _AGREEING:
        return inconclusive(_blocks(one))
    return _off_centre(done, figures, evidence, hop)


def _blocks(one: Singles) -> str:
    return (
        f"embeddings move in blocks of about {one.width_ms / 1000:.2g} s, wherever in them a "
        "burst is, so no centre can be seen"
    )


def _centre_figures(centre_ms: float, width_ms: float, tolerance: float) -> tuple[Figure, Figure]:
    return (
        Figure("centre of the change", centre_ms, "ms from the burst", tolerance),
        Figure("width of the change", width_ms, "ms"),
    )


def _off_centre(
    done: Experiment, figures: tuple[Figure, Figure], evidence: Centring, hop: float
) -> Verdict:
    centre, width = figures
    side = "before" if centre.value < 0 else "after"
    return violates(
        f"the embeddings that a burst moves have timestamps centred {abs(centre.value):.3g} ms "
        f"{side} it",
        *figures,
        expected=f"within {centre.limit:.3g} ms (from the hop of {hop:.4g} ms and the width of "
        f"the change, {width.value:.3g} ms)",
        hint=_centre_hint(centre.value, width.value),
        reproduction=_reproduction(done, done.beginning),
        evidence=evidence,
    )


def _centre_hint(centre_ms: float, width_ms: float) -> str:
    if 0.3 <= abs(centre_ms) / max(width_ms, 1e-3) <= 0.9:
        edge = "starts" if centre_ms < 0 else "ends"
        return f"They look like the {edge} of windows that are about as wide as the change."
    where = "later" if centre_ms < 0 else "earlier"
    return f"They would be right {abs(centre_ms):.3g} ms {where}."


@check(
    "T12",
    "timestamps do not drift",
    section="get_timestamp_embeddings",
    requires=(order,),
    single=True,
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
    why = _no_drift_seen(done, drift, tolerance, hop)
    if why:
        return inconclusive(why)
    apart = done.apart_ms / 1000
    figure = Figure("drift", drift, f"ms in {apart:.1f} s", tolerance)
    if abs(drift) <= tolerance:
        return conforms("", figure)
    stretched = stretch(session, done) is not None
    if stretched and _at_the_end(done, drift) <= hop + tolerance:
        return conforms("less than a hop, since timestamps are stretched: see T13", figure)
    # Of the audio that the drift was measured in: the mean interval of other audio may differ.
    interval = float(np.ptp(done.times_ms)) / (len(done.times_ms) - 1)
    claimed = interval / 1000 * session.sample_rate
    true = claimed / (1 + drift / 1000 / apart)
    seen = (
        f"timestamps and audio drift apart by {drift:.3g} ms in {apart:.1f} s "
        f"({drift * 1.2 / apart:.2g} s in 20 minutes)"
    )
    if stretched:
        seen = (
            f"timestamps are stretched to the end of the audio, so that they move "
            f"{_at_the_end(done, drift):.3g} ms against the frames from the beginning to the end, "
            "however long it is"
        )
    return violates(
        seen,
        figure,
        expected=f"the same offset at the beginning and the end, within {tolerance:.3g} ms",
        hint=f"Timestamps are {claimed:.2f} samples apart, frames about {true:.2f}.",
        fix=_UNSTRETCH if stretched else "",
        reproduction=_reproduction(done, done.end),
        evidence=_evidence(session, done),
    )


@check(
    "T13",
    "timestamps are not stretched to the end of the audio",
    severity=Severity.WARNING,
    section="get_timestamp_embeddings",
    requires=(order,),
    single=True,
    fix=_UNSTRETCH,
)
def not_stretched(session: Session) -> Verdict:
    """Frames are a hop apart at every length, timestamps that are spread up to the end of the audio
    are not. They are off by up to a hop at the end, however long the audio is.
    """
    done, hop = _experiment(session), hop_ms(session)
    intervals = stretch(session, done)
    if not intervals:
        return conforms("the interval is the same at every length")
    drift, tolerance = _drift(done, hop)
    why = _no_drift_seen(done, drift, tolerance, hop)
    if why:
        return inconclusive(f"the interval changes with the length; {why}")
    end = _at_the_end(done, drift)
    seconds = done.quiet.n_samples / session.sample_rate
    figure = Figure("off at the end", end, f"ms in {seconds:.4g} s")
    if abs(drift) <= tolerance:
        return conforms("the interval changes with the length, and so do the frames", figure)
    if end > hop + tolerance:
        return conforms("what grows beyond a hop is a drift: see T12", figure)
    (short_s, short_ms), (long_s, long_ms) = intervals
    return violates(
        f"timestamps are stretched to the end of the audio: {short_ms:.5g} ms apart in "
        f"{short_s:.4g} s of audio and {long_ms:.5g} ms in {long_s:.4g} s, while frames keep "
        "their distance; they are off by "
        f"{end:.2g} ms at the end of {seconds:.4g} s, and by a hop ({hop:.3g} ms) at most",
        figure,
        expected="the same interval at every length",
        reproduction=_reproduction(done, done.end),
        evidence=_evidence(session, done),
    )


def stretch(
    session: Session, done: Experiment
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Two lengths in s, each with the interval in ms, if the interval changes with the length."""
    grids = [
        (duration_ms(session, sounds), times_of(session, sounds))
        for sounds in (sounds_of(session, seconds) for seconds in LENGTHS_S)
    ]
    grids.append((1000 * done.quiet.n_samples / session.sample_rate, done.times_ms))
    intervals = [
        (length / 1000, float(np.ptp(times)) / (len(times) - 1), len(times))
        for length, times in grids
        if len(times) > 2
    ]
    if not intervals:
        return None
    low, high = (pick(intervals, key=lambda one: one[1]) for pick in (min, max))
    # Over the shorter of the two, timestamps must differ by more than rounding explains.
    least = _UNSTRETCHED_MS + 2 * grain_ms(session, float(done.times_ms.max()))
    if (high[1] - low[1]) * min(low[2], high[2]) <= least:
        return None
    first, second = sorted((low[:2], high[:2]))
    return first, second


_UNSTRETCHED_MS = 0.75
"""Timestamps rounded to a quarter of a millisecond, at both ends and lengths, give less."""


def _at_the_end(done: Experiment, drift: float) -> float:
    """How far timestamps are off at the end, in ms, if they are right at the beginning."""
    return abs(drift) * float(np.ptp(done.times_ms)) / done.apart_ms


def _no_drift_seen(done: Experiment, drift: float, tolerance: float, hop: float) -> str:
    """Why a drift cannot be told, or nothing."""
    if not _clean(done):
        return _NO_CENTRE
    one = done.singles
    if one is not None and one.locked:
        return _blocks(one)
    if one is None:
        known = _alike(done, drift)
    elif _by_hops(one, hop):
        # A drift below a hop moves some bursts by a hop and others not at all, all to one side.
        one_sided = (one.grown_ms * np.sign(drift)).min(initial=0.0) > -_QUANTUM * hop
        known = _alike(done, drift) and (one_sided or abs(drift) <= tolerance)
    else:
        error = one.slope_error * done.apart_ms
        if abs(drift) > tolerance:
            known = abs(drift) > _SURE * error
        else:
            known = 2 * error <= tolerance or (one.level == LEVELS[0] and _alike(done, drift))
    return "" if known else "bursts at the beginning and at the end move embeddings differently"


_SURE = 3.5
"""Standard errors of the drift from which it is one: what bursts do not agree in is none."""

_QUANTUM = 0.06
"""Hops by which centres of windows as narrow as a hop miss the grid of frames."""


def _by_hops(one: Singles, hop: float) -> bool:
    """Whether windows are so narrow that their centres move by whole hops, and by one at most."""
    if hop == 0 or one.level > LEVELS[0] or not len(one.grown_ms):
        return False
    hops = one.grown_ms / hop
    is_whole = np.abs(hops - hops.round()) <= _QUANTUM
    return bool(one.width_ms <= 1.5 * hop and is_whole.all() and np.ptp(hops) <= 1 + _QUANTUM)


def _alike(done: Experiment, drift: float) -> bool:
    rest = drift - done.taken_out * done.apart_ms
    return likeness(done.beginning.response, done.end.response, rest) >= _ALIKE


def _drift(done: Experiment, hop: float) -> tuple[float, float]:
    """How far the centre moves from the beginning to the end, and the bound, in ms."""
    first, last = (group.response for group in done.groups)
    one = done.singles
    if one is None or _by_hops(one, hop):
        # Bursts at all phases, laid over one another, show what is finer than a hop.
        drift = last.centroid_ms - first.centroid_ms + done.taken_out * done.apart_ms
        return drift, max(1.0, hop / 20, first.width_ms / 40) + done.grain_ms
    is_half = one.level == LEVELS[0] and not one.locked
    width = first.width_ms if is_half else one.width_ms
    return one.slope * done.apart_ms, max(1.0, hop / 20, width / 40) + done.grain_ms
