"""All of the audio is embedded, however long it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hearkit.api.contract import LONGEST_CLIP_S, MEMORY_LIMIT_GB, SPACING_TOLERANCE_MS

from ...asking.answers import embeddings_of, timestamps_of
from ...asking.measure import relative_errors
from ...asking.session import SCENE, TIMESTAMP, Session
from ...asking.snippets import reproduce
from ...catalogue import Figure, Verdict, check, conforms, violates
from ...stimuli import Stimulus, clipped, noise
from ...tolerances import REPEAT_TOLERANCE
from ...words import counted
from .._calls import FUNCTIONS, call_of
from ..outputs.content import not_constant
from ..repeatability.repeats import same_twice
from ..timestamps._sounds import ROUNDING_MS
from ..timestamps.units import milliseconds
from .lengths import half_minute

_END_GAP_MS = 1500.0
"""Windows of one second, placed without padding, have their last centre up to 1 s early."""


_FADED = 0.05
"""Share of the change by the last second that a recurrent layer with so short a memory shows for
one 5 s before the end: with more, it would still show more than rounding for one 15 s before."""


_HEARD = 1e-7
"""Of a mean over 20 minutes, one second is a thousandth; less than this is nothing."""


@check(
    "L06",
    "long audio is not truncated",
    section="What callers rely on",
    requires=(half_minute, not_constant, same_twice, milliseconds),
    single=True,
    fix="Embed all of the audio: no maximum length, no dropped last chunk.",
)
def not_truncated(session: Session) -> Verdict:
    """A model that silently embeds only the first ten seconds ignores all the rest. A change in the
    middle or in the last second must change the embeddings, and timestamps must reach the end.
    """
    rate = session.sample_rate
    sounds = noise(1, session.samples(30.0), session.seed)
    times = session.timestamps(sounds)[1]
    last = float(times.max())
    if times.shape[1] > 1 and last < 30_000 - _END_GAP_MS:
        return violates(
            f"the last timestamp of 30 s is {last:.0f} ms",
            Figure("last timestamp", last, "ms", 30_000 - _END_GAP_MS),
            expected="timestamps up to the end",
            reproduction=reproduce("print(timestamps(audio, model)[1].max())", audio=sounds),
        )

    def change(function: str, second: int) -> float:
        changed = _loud_at(sounds, second, rate, session.seed)
        one, two = (session.embed(function, audio) for audio in (sounds, changed))
        return float(relative_errors(one, two)[0])

    heard = {(f, s): change(f, s) for f in FUNCTIONS for s in (15, 29)}
    deaf = {place: error for place, error in heard.items() if error <= REPEAT_TOLERANCE}
    # The last state of a recurrent layer fades: what it forgets in 15 s it has half forgotten in
    # 5 s. What is cut off is heard as well as ever until it is not heard at all.
    if set(deaf) == {(SCENE, 15)} and change(SCENE, 25) < _FADED * heard[SCENE, 29]:
        del heard[SCENE, 15], deaf[SCENE, 15]
    for function, second in deaf:
        changed = _loud_at(sounds, second, rate, session.seed)
        return violates(
            f"{function}: a loud second from {second} to {second + 1} s of 30 s leaves the "
            "embeddings as they were",
            Figure("relative change", deaf[function, second], limit=REPEAT_TOLERANCE),
            expected="embeddings of the whole audio",
            reproduction=reproduce(
                f"print(abs({call_of(function, 'one')} - {call_of(function, 'two')}).max())",
                one=sounds,
                two=changed,
            ),
        )
    return conforms("", Figure("smallest change", min(heard.values()), limit=REPEAT_TOLERANCE))


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
    audio is cut into pieces, and seams between these show in the intervals of timestamps.
    """
    sounds = noise(1, session.samples(LONGEST_CLIP_S), session.seed)
    loud = _loud_at(sounds, int(LONGEST_CLIP_S) - 1, session.sample_rate, session.seed)
    peak, scenes = 0, []
    for batch in (sounds, loud):
        reply = session.call(SCENE, batch, keep=False)
        peak = max(peak, reply.peak_bytes, reply.facts.device_peak_bytes)
        scenes.append(embeddings_of(SCENE, reply, batch))
    reply = session.call(TIMESTAMP, sounds, keep=False)
    peak = max(peak, reply.peak_bytes, reply.facts.device_peak_bytes)
    embeddings, times = timestamps_of(reply, sounds)
    if not (np.isfinite(scenes[0]).all() and np.isfinite(embeddings).all()):
        return violates(
            "there are numbers that are not finite in the embeddings of 20 minutes",
            expected="finite numbers",
            reproduction=reproduce(
                *(f"print(abs({call_of(function, 'audio')}).max())" for function in FUNCTIONS),
                audio=sounds,
            ),
        )
    # One embedding for the whole sound has its timestamp at the middle.
    reached = times.shape[1] == 1
    last = float(times.max())
    change = float(relative_errors(scenes[0], scenes[1])[0])
    if (not reached and last < LONGEST_CLIP_S * 1000 - _END_GAP_MS) or change <= _HEARD:
        return violates(
            f"the last timestamp of 20 minutes is {last:.0f} ms, and a loud last second "
            f"changes the scene embedding by {change:.3g} of itself",
            Figure("last timestamp", last, "ms", LONGEST_CLIP_S * 1000 - _END_GAP_MS),
            Figure("relative change", change, limit=_HEARD),
            expected="embeddings of all of the audio",
            reproduction=reproduce(
                "print(timestamps(audio, model)[1].max())",
                "print(abs(scene(audio, model) - scene(loud, model)).max())",
                audio=sounds,
                loud=loud,
            ),
        )
    seam = _seam(np.asarray(times[0], np.float64), LONGEST_CLIP_S * 1000)
    if seam is not None:
        seen, expected = seam
        return violates(
            seen,
            expected=expected,
            fix="Count time in samples from the beginning of the audio, not from that of a piece, "
            "and let pieces overlap by what a frame needs.",
            reproduction=reproduce(
                "times = timestamps(audio, model)[1][0]",
                "print(times[0], times[-1], (times[1:] - times[:-1]).min())",
                "print((times[1:] - times[:-1]).max())",
                audio=sounds,
            ),
        )
    figure = Figure("peak memory", peak / 1e9, "GB", MEMORY_LIMIT_GB)
    if peak > MEMORY_LIMIT_GB * 1e9:
        return violates(
            f"20 minutes of audio took {peak / 1e9:.1f} GB",
            figure,
            expected=f"at most {MEMORY_LIMIT_GB:g} GB",
            reproduction=reproduce("timestamps(audio, model)", audio=sounds),
        )
    return conforms("", figure)


def _seam(times_ms: NDArray[np.float64], end_ms: float) -> tuple[str, str] | None:
    """What is wrong with the timestamps of long audio, and what was expected; None if nothing."""
    if times_ms.min() < -ROUNDING_MS or times_ms.max() > end_ms + ROUNDING_MS:
        return (
            f"timestamps of 20 minutes run from {times_ms.min():.6g} to {times_ms.max():.8g} ms",
            f"timestamps from 0 to {end_ms:.8g} ms",
        )
    steps = np.diff(times_ms)
    if not len(steps):
        return None
    hop = float(np.median(steps))
    k = int(np.argmax(np.abs(steps - hop)))
    if abs(steps[k] - hop) <= SPACING_TOLERANCE_MS + ROUNDING_MS:
        return None
    odd = int((np.abs(steps - hop) > SPACING_TOLERANCE_MS + ROUNDING_MS).sum())
    return (
        f"the interval after {times_ms[k] / 1000:.1f} s is {steps[k]:.4g} ms, where {hop:.4g} ms "
        f"is usual; {counted(odd, 'interval')} of 20 minutes so",
        f"intervals within {SPACING_TOLERANCE_MS:g} ms of their mean, at seams between pieces too",
    )


def _loud_at(sounds: Stimulus, second: int, rate: int, seed: int) -> Stimulus:
    """The same with one second at full scale, which even a maximum over time hears."""
    inside = f"(np.arange({sounds.n_samples}) // {rate} == {second})"
    loud = clipped(1, sounds.n_samples, seed)
    return Stimulus(
        f"{sounds.name}, loud from {second} to {second + 1} s",
        f"np.where({inside}, {loud.code}, {sounds.code})",
        np.where(np.arange(sounds.n_samples) // rate == second, loud.audio, sounds.audio),
    )
