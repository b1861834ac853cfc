"""Timestamps cover the audio, often enough."""

from __future__ import annotations

import numpy as np

from hearkit.api.contract import (
    MAX_HOP_MS,
    SHORTEST_CLIP_S,
    SPACING_TOLERANCE_MS,
)

from ...asking.session import Session
from ...catalogue import Figure, Severity, Verdict, check, conforms, inconclusive, violates
from ._sounds import (
    LENGTHS_S,
    ROUNDING_MS,
    duration_ms,
    grain_ms,
    hop_ms,
    printing,
    sounds_of,
    times_of,
)
from .grid import same_every_time
from .units import Grid, Grids

_COUNT_TOLERANCE = 2.0
"""Timestamps: rounding at both lengths, and a frame more or less at the padded end."""


_GRAIN_MS = 80.0
"""Networks that halve the rate of short hops a few times cut to multiples of some frames."""


@check(
    "T06",
    "timestamps lie inside the audio",
    section="get_timestamp_embeddings",
    requires=(same_every_time,),
    single=True,
    fix="Drop frames whose centre lies in the padding, and count padding out of timestamps.",
)
def inside(session: Session) -> Verdict:
    """The organisers refuse a timestamp past the end of the audio: nothing is there."""
    grids = []
    for seconds in (*LENGTHS_S, SHORTEST_CLIP_S):
        sounds = sounds_of(session, seconds)
        times, end = times_of(session, sounds), duration_ms(session, sounds)
        grids.append(Grid(end, times))
        outside = max(-times.min(), times.max() - end - grain_ms(session, end))
        if not outside <= ROUNDING_MS:
            seen = (
                f"the first timestamp is {times.min():.6g} ms"
                if times.min() < -ROUNDING_MS
                else f"the last timestamp is {times.max():.6g} ms, the audio ends at {end:.6g} ms"
            )
            return violates(
                seen,
                Figure("outside by", float(outside), "ms", ROUNDING_MS),
                expected=f"timestamps from 0 to {end:.6g} ms",
                reproduction=printing(sounds),
                evidence=Grids(tuple(grids)),
            )
    return conforms(evidence=Grids(tuple(grids)))


@check(
    "T07",
    "the number of timestamps follows the length",
    section="get_timestamp_embeddings",
    requires=(inside,),
    single=True,
    fix="Derive the number of frames from the number of samples, without an upper bound and "
    "without rounding to whole seconds.",
)
def count_follows_length(session: Session) -> Verdict:
    """Each additional hop of audio gives one more timestamp. If the number jumps or stays the same,
    audio is dropped or invented.
    """
    hop = hop_ms(session)
    lengths = (0.81, 0.83, 0.9, 1.0, 1.1, 1.2345, 1.5, 1.77, 2.0, 2.5, 3.0, 4.0)
    counts = np.array([len(times_of(session, sounds_of(session, s))) for s in lengths])
    if hop == 0:
        return conforms("one timestamp however long the audio")
    reference = lengths.index(3.0)
    # A sound that is shorter than the window is padded and gives one.
    expected = np.maximum(counts[reference] + (np.array(lengths) - 3.0) * 1000 / hop, 1)
    worst = int(np.argmax(np.abs(counts - expected)))
    off = float(abs(counts[worst] - expected[worst]))
    tolerance = max(_COUNT_TOLERANCE, _GRAIN_MS / hop) + grain_ms(session, 3000.0) / hop
    figure = Figure("largest deviation", off, "timestamps", tolerance)
    if off > tolerance:
        sounds = sounds_of(session, lengths[worst])
        return violates(
            f"{lengths[worst]:g} s of audio give {counts[worst]} timestamps, where a hop of "
            f"{hop:.4g} ms gives {expected[worst]:.1f}",
            figure,
            expected="one more timestamp for every hop of audio",
            reproduction=printing(sounds, "times.shape"),
        )
    return conforms("", figure)


@check(
    "T08",
    "timestamps begin and end with the audio",
    severity=Severity.WARNING,
    section="get_timestamp_embeddings",
    requires=(count_follows_length,),
    single=True,
    fix="Pad the audio by half a window at both ends, so that the first centre is near 0 and "
    "the last near the end.",
)
def coverage(session: Session) -> Verdict:
    """Events before the first and after the last timestamp cannot be found. The organisers warn if
    a gap is longer than one interval; at the end, 50 ms are always accepted.
    """
    hop = hop_ms(session)
    if hop == 0:
        return inconclusive("there is only one timestamp, so no interval to measure gaps by")
    sounds = sounds_of(session, 3.0)
    times, end = times_of(session, sounds), duration_ms(session, sounds)
    begin_gap, end_gap = float(times[0]), float(end - times[-1]) - grain_ms(session, end)
    figures = (
        Figure("gap at the start", begin_gap, "ms", hop + SPACING_TOLERANCE_MS),
        Figure("gap at the end", end_gap, "ms", max(hop, MAX_HOP_MS) + SPACING_TOLERANCE_MS),
    )
    late = [f for f in figures if f.limit is not None and f.value > f.limit]
    if late:
        return violates(
            "; ".join(map(str, late)),
            *figures,
            expected="a first timestamp within one interval of the start, a last one within "
            "one interval (or 50 ms) of the end",
            reproduction=printing(sounds, "times[0, [0, -1]]"),
        )
    return conforms("", *figures)


@check(
    "T09",
    "the hop is 50 ms or less",
    severity=Severity.WARNING,
    section="get_timestamp_embeddings",
    requires=(count_follows_length,),
    single=True,
    fix="Choose a hop of at most 50 ms.",
)
def hop_is_short(session: Session) -> Verdict:
    """Event and transcription tasks are scored with a tolerance of 50 ms."""
    hop = hop_ms(session)
    figure = Figure("hop", hop, "ms", MAX_HOP_MS)
    sounds = sounds_of(session, 3.0)
    if hop == 0:
        return violates(
            "there is only one timestamp in 3 s",
            expected="a timestamp every 50 ms or more often",
            reproduction=printing(sounds, "times.shape"),
        )
    if hop - grain_ms(session, 3000.0) * hop / 3000.0 > MAX_HOP_MS * 1.002:
        return violates(
            f"the hop is {hop:.4g} ms",
            figure,
            expected="50 ms or less",
            reproduction=printing(sounds, "times[0, 1:] - times[0, :-1]"),
        )
    return conforms("", figure)
