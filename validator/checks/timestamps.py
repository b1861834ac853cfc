"""T: timestamps in milliseconds, regular, inside the audio, at the centre of what they describe."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from hearkit.api.contract import MAX_HOP_MS, SHORTEST_CLIP_S, SPACING_TOLERANCE_MS
from hearkit.errors import Fault

from ..asking.session import Numbers, Session
from ..asking.snippets import Reproduction, reproduce
from ..catalogue import Figure, Severity, Verdict, check, conforms, inconclusive, violates
from ..stimuli import Stimulus, constant, noise, recorded
from .length import benchmark_lengths, odd_lengths
from .outputs import probe

_ROUNDING_MS = 0.25
"""float32 resolves 0.125 ms at 20 minutes."""

_LENGTHS_S = (1.0, 1.2345, 3.0)
"""Lengths that most checks of this family look at; one is not a multiple of anything."""

_LONG_S = 30.0
"""Beyond the chunks that models cut long audio into."""


def _sounds(session: Session, seconds: float) -> Stimulus:
    return noise(2, session.samples(seconds), session.seed)


def _many(session: Session) -> Iterator[Stimulus]:
    """Sounds of several lengths, half a minute included where that works at all."""
    yield from (_sounds(session, seconds) for seconds in _LENGTHS_S)
    long = noise(1, session.samples(_LONG_S), session.seed)
    with contextlib.suppress(Fault):  # which is for the checks of length
        session.timestamps(long)
        yield long


def _times(session: Session, sounds: Stimulus) -> Numbers:
    """Timestamps of the first sound in ms, shape (n_timestamps,), as float64."""
    return np.asarray(session.timestamps(sounds)[1][0], np.float64)


def _duration_ms(session: Session, sounds: Stimulus) -> float:
    return 1000.0 * sounds.n_samples / session.sample_rate


def hop_ms(session: Session) -> float:
    """The mean interval between timestamps over three seconds; 0 where there is only one."""
    times = _times(session, _sounds(session, 3.0))
    return float(times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0


def _reproduction(sounds: Stimulus, line: str = "times[0]") -> Reproduction:
    return reproduce("embeddings, times = timestamps(audio, model)", f"print({line})", audio=sounds)


@check(
    "T01",
    "timestamps are milliseconds",
    section="get_timestamp_embeddings",
    requires=(benchmark_lengths, odd_lengths),
    mend="Return milliseconds: 1000 * sample_position / sample_rate.",
)
def milliseconds(session: Session) -> Verdict:
    """Timestamps in another unit match no event of the benchmark: two entries of its public
    leaderboard return seconds and score 0.0 on both event tasks.
    """
    short, long = _sounds(session, 1.0), _sounds(session, 3.0)
    first, last = _times(session, short), _times(session, long)
    if not (np.isfinite(first).all() and np.isfinite(last).all()):
        return violates(
            "some timestamps are not finite",
            expected="finite milliseconds",
            reproduction=_reproduction(long),
        )
    grown = float(last[-1] - first[-1])
    slope = grown / (_duration_ms(session, long) - _duration_ms(session, short))
    figure = Figure("growth", slope, "ms of timestamps per ms of audio")
    evidence = {
        "grids": [(_duration_ms(session, short), first), (_duration_ms(session, long), last)]
    }
    if _follows(slope, first, last, _duration_ms(session, short)):
        return conforms("", figure, evidence=evidence)
    return violates(
        f"the last timestamp is {last[-1]:.6g} for {_duration_ms(session, long):.0f} ms of audio "
        f"and {first[-1]:.6g} for {_duration_ms(session, short):.0f} ms",
        figure,
        expected="timestamps that grow by 1 ms for every ms of audio",
        hint=_unit_hint(slope, session.sample_rate, last),
        reproduction=_reproduction(long),
        evidence=evidence,
    )


def _follows(slope: float, first: Numbers, last: Numbers, first_duration_ms: float) -> bool:
    """Whether timestamps run as fast as the audio, or at least fill the shorter sound."""
    if len(first) == len(last) == 1:
        # A hop above three seconds stays where it is; one for the whole sound is at its middle.
        return 0 <= first[0] <= first_duration_ms and (slope == 0 or 0.4 <= slope <= 1.1)
    hop = float(np.diff(last).mean()) if len(last) > 1 else 0.0
    # Both last timestamps lie up to a hop before the end, or before a fixed distance from it.
    if abs(slope - 1) <= _PACE + abs(hop) / 2000:
        return True
    # Timestamps that stop growing are in the right unit: that audio is lost is found later.
    filled = float(np.ptp(first)) + float(np.diff(first).mean()) if len(first) > 1 else 0.0
    return slope >= 0 and abs(filled / first_duration_ms - 1) <= _PACE + abs(hop) / 1000


_PACE = 0.02
"""Relative error of the pace of timestamps that is taken for rounding."""


def _unit_hint(slope: float, sample_rate: int, times: Numbers) -> str:
    units = {
        "seconds: multiply by 1000": 1e-3,
        "microseconds: divide by 1000": 1e3,
        "minutes: multiply by 60000": 1 / 60000,
        "sample numbers: multiply by 1000 / sample_rate": sample_rate / 1000,
    }
    for name, expected in units.items():
        if 0.9 <= slope / expected <= 1.1:
            return f"These look like {name}."
    steps = np.diff(times)
    if len(steps) and np.allclose(steps, 1.0, atol=1e-3):
        return "These look like frame numbers: multiply by the hop in ms."
    if slope == 0:
        return "They do not follow the length of the audio: is it padded to a fixed length?"
    return f"They run {slope:.3g} times as fast as the audio: is the hop or the sample rate wrong?"


@check(
    "T02",
    "timestamps increase",
    section="get_timestamp_embeddings",
    requires=(milliseconds,),
    mend="Return one timestamp for each frame, in the order of time.",
)
def increasing(session: Session) -> Verdict:
    """Events are read from the embeddings in the order of their timestamps."""
    for sounds in _many(session):
        steps = np.diff(_times(session, sounds))
        if len(steps) and not steps.min() > 0:
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
                reproduction=_reproduction(sounds),
            )
    return conforms()


@check(
    "T03",
    "timestamps are the same for every sound of a batch",
    section="get_timestamp_embeddings",
    requires=(increasing,),
    mend="Compute timestamps once and expand them over the batch.",
)
def same_in_batch(session: Session) -> Verdict:
    """All sounds of a batch have the same length, so they have the same timestamps."""
    sounds = recorded(session.sample_rate, session.samples(1.0))
    times = np.asarray(session.timestamps(sounds)[1], np.float64)
    worst = float(np.abs(times - times[0]).max())
    figure = Figure("largest difference", worst, "ms", _ROUNDING_MS)
    if not worst <= _ROUNDING_MS:
        return violates(
            f"timestamps of sounds in one batch differ by up to {worst:.4g} ms",
            figure,
            expected="the same timestamps in every row",
            reproduction=_reproduction(sounds, "times - times[:1]"),
        )
    return conforms("", figure)


@check(
    "T04",
    "timestamps are regular",
    section="get_timestamp_embeddings",
    requires=(same_in_batch,),
    mend="Compute the k-th timestamp as k * hop plus a constant.",
)
def regular(session: Session) -> Verdict:
    """Event scoring and transcription assume one hop throughout; the organisers accept 1 ms
    of deviation from the mean interval.
    """
    worst = 0.0
    for sounds in _many(session):
        steps = np.diff(_times(session, sounds))
        if not len(steps):
            continue
        deviation = float(np.abs(steps - steps.mean()).max())
        worst = max(worst, deviation)
        if not deviation <= SPACING_TOLERANCE_MS:
            k = int(np.argmax(np.abs(steps - steps.mean())))
            return violates(
                f"the interval after timestamp {k} is {steps[k]:.4g} ms, the mean interval "
                f"{steps.mean():.4g} ms ({sounds.n_samples / session.sample_rate:.4g} s of audio)",
                Figure("largest deviation", deviation, "ms", SPACING_TOLERANCE_MS),
                expected=f"intervals within {SPACING_TOLERANCE_MS:g} ms of their mean",
                reproduction=_reproduction(sounds, "times[0, 1:] - times[0, :-1]"),
            )
    return conforms("", Figure("largest deviation", worst, "ms", SPACING_TOLERANCE_MS))


@check(
    "T05",
    "sounds of one length always get the same timestamps",
    section="get_timestamp_embeddings",
    requires=(regular,),
    mend="Derive timestamps from the number of samples alone.",
)
def same_every_time(session: Session) -> Verdict:
    """Timestamps describe the length of the audio, not its content, the size of the batch or
    what was embedded before.
    """
    n_samples = session.samples(1.0)
    reference = _times(session, probe(session))
    others = (
        recorded(session.sample_rate, n_samples),
        noise(1, n_samples, session.seed + 1),
        noise(1, n_samples, session.seed + 2, level=0.001),
        noise(3, n_samples, session.seed),
        constant(1, n_samples, 0.0),
    )
    for sounds in others:
        times = _times(session, sounds)
        same_count = len(times) == len(reference)
        worst = float(np.abs(times - reference).max()) if same_count else np.inf
        if not worst <= _ROUNDING_MS:
            seen = (
                f"differ by up to {worst:.4g} ms"
                if same_count
                else f"are {len(times)} instead of {len(reference)}"
            )
            return violates(
                f"the timestamps of {sounds.name} {seen}, compared with {probe(session).name}",
                Figure("largest difference", worst, "ms", _ROUNDING_MS),
                expected="the same timestamps for the same length",
                reproduction=reproduce(
                    "print(timestamps(one, model)[1][0])",
                    "print(timestamps(two, model)[1][0])",
                    one=probe(session),
                    two=sounds,
                ),
            )
    return conforms()


@check(
    "T06",
    "timestamps lie inside the audio",
    section="get_timestamp_embeddings",
    requires=(same_every_time,),
    mend="Drop frames whose centre lies in the padding, and count padding out of timestamps.",
)
def inside(session: Session) -> Verdict:
    """The organisers refuse a timestamp past the end of the audio: nothing is there."""
    grids = []
    for seconds in (*_LENGTHS_S, SHORTEST_CLIP_S):
        sounds = _sounds(session, seconds)
        times, end = _times(session, sounds), _duration_ms(session, sounds)
        grids.append((end, times))
        outside = max(-times.min(), times.max() - end)
        if not outside <= _ROUNDING_MS:
            seen = (
                f"the first timestamp is {times.min():.6g} ms"
                if times.min() < -_ROUNDING_MS
                else f"the last timestamp is {times.max():.6g} ms, the audio ends at {end:.6g} ms"
            )
            return violates(
                seen,
                Figure("outside by", float(outside), "ms", _ROUNDING_MS),
                expected=f"timestamps from 0 to {end:.6g} ms",
                reproduction=_reproduction(sounds),
                evidence={"grids": grids},
            )
    return conforms(evidence={"grids": grids})


@check(
    "T07",
    "the number of timestamps follows the length",
    section="get_timestamp_embeddings",
    requires=(inside,),
    mend="Derive the number of frames from the number of samples, without an upper bound and "
    "without rounding to whole seconds.",
)
def count_follows_length(session: Session) -> Verdict:
    """From length to length, one more hop of audio gives one more timestamp; a jump or a
    standstill means that audio is dropped or invented.
    """
    hop = hop_ms(session)
    lengths = (0.81, 0.83, 0.9, 1.0, 1.1, 1.2345, 1.5, 1.77, 2.0, 2.5, 3.0, 4.0)
    counts = np.array([len(_times(session, _sounds(session, s))) for s in lengths])
    if hop == 0:
        return conforms("one timestamp however long the audio")
    reference = lengths.index(3.0)
    # A sound that is shorter than the window is padded and gives one.
    expected = np.maximum(counts[reference] + (np.array(lengths) - 3.0) * 1000 / hop, 1)
    worst = int(np.argmax(np.abs(counts - expected)))
    off = float(abs(counts[worst] - expected[worst]))
    tolerance = max(_COUNT_TOLERANCE, _GRAIN_MS / hop)
    figure = Figure("largest deviation", off, "timestamps", tolerance)
    if off > tolerance:
        sounds = _sounds(session, lengths[worst])
        return violates(
            f"{lengths[worst]:g} s of audio give {counts[worst]} timestamps, where a hop of "
            f"{hop:.4g} ms gives {expected[worst]:.1f}",
            figure,
            expected="one more timestamp for every hop of audio",
            reproduction=_reproduction(sounds, "times.shape"),
        )
    return conforms("", figure)


_COUNT_TOLERANCE = 2.0
"""Timestamps: rounding at both lengths, and a frame more or less at the padded end."""

_GRAIN_MS = 80.0
"""Networks that halve the rate of short hops a few times cut to multiples of some frames."""


@check(
    "T08",
    "timestamps begin and end with the audio",
    severity=Severity.WARNING,
    section="get_timestamp_embeddings",
    requires=(count_follows_length,),
    mend="Pad the audio by half a window at both ends, so that the first centre is near 0 and "
    "the last near the end.",
)
def coverage(session: Session) -> Verdict:
    """Events before the first and after the last timestamp cannot be found. The organisers
    warn beyond one interval (at the end, or 50 ms).
    """
    hop = hop_ms(session)
    if hop == 0:
        return inconclusive("there is only one timestamp, so no interval to measure gaps by")
    sounds = _sounds(session, 3.0)
    times, end = _times(session, sounds), _duration_ms(session, sounds)
    begin_gap, end_gap = float(times[0]), float(end - times[-1])
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
            reproduction=_reproduction(sounds, "times[0, [0, -1]]"),
        )
    return conforms("", *figures)


@check(
    "T09",
    "the hop is 50 ms or less",
    severity=Severity.WARNING,
    section="get_timestamp_embeddings",
    requires=(count_follows_length,),
    mend="Choose a hop of at most 50 ms.",
)
def hop_is_short(session: Session) -> Verdict:
    """Event and transcription tasks are scored with a tolerance of 50 ms."""
    hop = hop_ms(session)
    figure = Figure("hop", hop, "ms", MAX_HOP_MS)
    sounds = _sounds(session, 3.0)
    if hop == 0:
        return violates(
            "there is only one timestamp in 3 s",
            expected="a timestamp every 50 ms or more often",
            reproduction=_reproduction(sounds, "times.shape"),
        )
    if hop > MAX_HOP_MS * 1.002:
        return violates(
            f"the hop is {hop:.4g} ms",
            figure,
            expected="50 ms or less",
            reproduction=_reproduction(sounds, "times[0, 1:] - times[0, :-1]"),
        )
    return conforms("", figure)
