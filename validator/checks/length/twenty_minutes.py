"""The longest audio of the benchmark is embedded: all of it, in its place, within the memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hearkit.api.contract import LONGEST_CLIP_S, MEMORY_LIMIT_GB, SPACING_TOLERANCE_MS

from ...asking.answers import embeddings_of, timestamps_of
from ...asking.measure import relative_errors
from ...asking.session import SCENE, TIMESTAMP, Numbers, Session
from ...asking.snippets import reproduce
from ...catalogue import Figure, Verdict, check, conforms, violates
from ...stimuli import Stimulus, noise
from ...tolerances import REPEAT_TOLERANCE
from ...words import counted
from .._calls import FUNCTIONS, call_of
from ..timestamps._sounds import LONG_S, ROUNDING_MS, grain_ms, sounds_of, times_of
from . import _places as places
from .coverage import END_GAP_MS, loud_at, not_truncated

_HEARD = 1e-7
"""Of a mean over 20 minutes, one second is a thousandth; less than this is nothing."""

_WIDTH = 16
"""Numbers of an embedding that come back. All of 4096 numbers every 5 ms would be 4 GB."""


@check(
    "L07",
    "20 minutes work: all of them, in order, and in 16 GB",
    section="What callers rely on",
    requires=(not_truncated,),
    single=True,
    fix="Embed long audio in chunks into one preallocated result, without gradients.",
    long=True,
)
def twenty_minutes(session: Session) -> Verdict:
    """The rules promise at most 20 minutes of audio in a call, and 16 GB of GPU memory for it. Long
    audio is cut into pieces, and seams between these show in the intervals of timestamps. Marks in
    the audio show whether embeddings are still in their place after all of these.
    """
    sounds = noise(1, session.samples(LONGEST_CLIP_S), session.seed)
    loud = loud_at(sounds, int(LONGEST_CLIP_S) - 1, session.sample_rate, session.seed)
    marked = places.marked(sounds, session.sample_rate, session.seed)
    peak, scenes = 0, []
    for batch in (sounds, loud):
        reply = session.call(SCENE, batch, keep=False)
        peak = max(peak, reply.peak_bytes, reply.facts.device_peak_bytes)
        scenes.append(embeddings_of(SCENE, reply, batch))
    reply = session.call(TIMESTAMP, marked, keep=False, width=_WIDTH)
    peak = max(peak, reply.peak_bytes, reply.facts.device_peak_bytes)
    embeddings, times = timestamps_of(reply, marked)
    if not (np.isfinite(scenes[0]).all() and np.isfinite(embeddings).all()):
        return violates(
            "there are numbers that are not finite in the embeddings of 20 minutes",
            expected="finite numbers",
            reproduction=reproduce(
                *(f"print(abs({call_of(function, 'audio')}).max())" for function in FUNCTIONS),
                audio=marked,
            ),
        )
    found = (
        _cut_off(session, scenes, times, sounds, loud)
        or _irregular(session, np.asarray(times[0], np.float64), sounds)
        or _away(session, embeddings[0], np.asarray(times[0], np.float64), marked)
    )
    if found:
        return found
    figure = Figure("peak memory", peak / 1e9, "GB", MEMORY_LIMIT_GB)
    if peak > MEMORY_LIMIT_GB * 1e9:
        return violates(
            f"20 minutes of audio took {peak / 1e9:.1f} GB",
            figure,
            expected=f"at most {MEMORY_LIMIT_GB:g} GB",
            reproduction=reproduce("timestamps(audio, model)", audio=sounds),
        )
    return conforms("", figure)


def _cut_off(
    session: Session, scenes: list[Numbers], times: Numbers, sounds: Stimulus, loud: Stimulus
) -> Verdict | None:
    """What shows that the end is not embedded."""
    # One embedding for the whole sound has its timestamp at the middle.
    reached = times.shape[1] == 1
    last = float(times.max())
    change = float(relative_errors(scenes[0], scenes[1])[0])
    heard = change > _HEARD or not _hears_30_s(session)
    if (reached or last >= LONGEST_CLIP_S * 1000 - END_GAP_MS) and heard:
        return None
    return violates(
        f"the last timestamp of 20 minutes is {last:.0f} ms, and a loud last second "
        f"changes the scene embedding by {change:.3g} of itself",
        Figure("last timestamp", last, "ms", LONGEST_CLIP_S * 1000 - END_GAP_MS),
        Figure("relative change", change, limit=_HEARD),
        expected="embeddings of all of the audio",
        reproduction=reproduce(
            "print(timestamps(audio, model)[1].max())",
            "print(abs(scene(audio, model) - scene(loud, model)).max())",
            audio=sounds,
            loud=loud,
        ),
    )


def _hears_30_s(session: Session) -> bool:
    """Whether scenes of 30 s hear their end; that they do not is for the check before."""
    sounds = noise(1, session.samples(LONG_S), session.seed)
    loud = loud_at(sounds, int(LONG_S) - 1, session.sample_rate, session.seed)
    one, two = (session.embed(SCENE, audio) for audio in (sounds, loud))
    return bool(relative_errors(one, two)[0] > REPEAT_TOLERANCE)


def _irregular(session: Session, times_ms: NDArray[np.float64], sounds: Stimulus) -> Verdict | None:
    """What is wrong with the timestamps themselves."""
    end_ms, grain = LONGEST_CLIP_S * 1000, grain_ms(session, LONGEST_CLIP_S * 1000)
    steps = np.diff(times_ms)
    hop = float(np.median(steps)) if len(steps) else 0.0
    limit = SPACING_TOLERANCE_MS + ROUNDING_MS + grain
    k = int(np.argmax(np.abs(steps - hop))) if len(steps) else 0
    if times_ms.min() < -ROUNDING_MS or not times_ms.max() <= end_ms + ROUNDING_MS + grain:
        seen = f"timestamps of 20 minutes run from {times_ms.min():.6g} to {times_ms.max():.8g} ms"
        expected = f"timestamps from 0 to {end_ms:.8g} ms"
    elif len(steps) and abs(steps[k] - hop) > limit:
        odd = int((np.abs(steps - hop) > limit).sum())
        seen = (
            f"the interval after {times_ms[k] / 1000:.1f} s is {steps[k]:.4g} ms, where "
            f"{hop:.4g} ms is usual; {counted(odd, 'interval')} of 20 minutes so"
        )
        expected = (
            f"intervals within {SPACING_TOLERANCE_MS:g} ms of their mean, at seams between pieces "
            "too"
        )
    else:
        return None
    return violates(
        seen,
        expected=expected,
        fix=_AT_SEAMS,
        reproduction=reproduce(
            "times = timestamps(audio, model)[1][0]",
            "print(times[0], times[-1], (times[1:] - times[:-1]).min())",
            "print((times[1:] - times[:-1]).max())",
            audio=sounds,
        ),
    )


def _away(
    session: Session, embeddings: Numbers, times_ms: NDArray[np.float64], marked: Stimulus
) -> Verdict | None:
    """What shows that regular timestamps run away from what they stand for."""
    if len(times_ms) < 2:
        return None
    hop = float(np.median(np.diff(times_ms)))
    marks_s = places.mark_times(LONGEST_CLIP_S, session.seed)
    found = places.running(embeddings, times_ms, 1000 * np.array(marks_s), hop)
    allowed = _stretched_ms(session, times_ms, hop) + grain_ms(session, LONGEST_CLIP_S * 1000)
    if found is None or not places.is_sure(found, hop, allowed):
        return None
    return violates(
        f"from the first to the last five minutes of 20, timestamps and audio drift apart by "
        f"{found.drift_ms:.3g} ms ({abs(found.drift_ms) / hop:.2g} hops), although the intervals "
        "are regular",
        Figure("drift", found.drift_ms, "ms in 15 minutes", max(0.6 * hop, 2.5) + allowed),
        expected="the same offset at the beginning and the end",
        hint="Pieces probably lose or repeat a frame at each seam, or the hop is rounded.",
        fix=_AT_SEAMS,
        reproduction=places.showing(marked, marks_s),
    )


def _stretched_ms(session: Session, times_ms: NDArray[np.float64], hop: float) -> float:
    """What timestamps that are spread up to the end are off by: a hop, for which T13 is there."""
    short = times_of(session, sounds_of(session, LONG_S))
    if len(short) < 2:
        return hop
    interval = float(np.ptp(short)) / (len(short) - 1)
    stretched = abs(float(np.ptp(times_ms)) - interval * (len(times_ms) - 1))
    return min(hop, stretched)


_AT_SEAMS = (
    "Count time in samples from the beginning of the audio, not from that of a piece, and let "
    "pieces overlap by what a frame needs."
)
