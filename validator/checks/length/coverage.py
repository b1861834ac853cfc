"""All of the audio is embedded, however long it is."""

from __future__ import annotations

import numpy as np

from ...asking.measure import relative_errors
from ...asking.session import SCENE, TIMESTAMP, Session
from ...asking.snippets import reproduce
from ...catalogue import Figure, Spares, Verdict, check, conforms, violates
from ...stimuli import Stimulus, clipped, noise
from ...tolerances import REPEAT_TOLERANCE
from .._calls import FUNCTIONS, call_of
from ..outputs.content import not_constant
from ..repeatability.repeats import same_twice
from ..timestamps.units import milliseconds
from .lengths import half_minute

END_GAP_MS = 1500.0
"""Windows of one second, placed without padding, have their last centre up to 1 s early."""


_SECONDS = (15, 29)
"""Seconds of 30 that are made loud: the middle, beyond what pieces of ten seconds hold, and the
last."""


_NEAR_MS = 1500.0
"""How far from the middle of a loud second its change is looked for."""


_LOCAL = 10.0
"""How much further than those elsewhere an embedding must move to have heard its own second."""


_FADED = 0.05
"""Share of the change by the last second that a recurrent layer with so short a memory shows for
one 5 s before the end: with more, it would still show more than rounding for one 15 s before."""


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
    if times.shape[1] > 1 and last < 30_000 - END_GAP_MS:
        return violates(
            f"the last timestamp of 30 s is {last:.0f} ms",
            Figure("last timestamp", last, "ms", 30_000 - END_GAP_MS),
            expected="timestamps up to the end",
            reproduction=reproduce("print(timestamps(audio, model)[1].max())", audio=sounds),
        )

    def change(function: str, second: int) -> float:
        changed = loud_at(sounds, second, rate, session.seed)
        one, two = (session.embed(function, audio) for audio in (sounds, changed))
        return float(relative_errors(one, two)[0])

    heard = {(TIMESTAMP, s): error for s, error in _heard_at_once(session, sounds).items()}
    heard |= {(f, s): change(f, s) for f in FUNCTIONS for s in _SECONDS if (f, s) not in heard}
    deaf = {place: error for place, error in heard.items() if error <= REPEAT_TOLERANCE}
    # The last state of a recurrent layer fades: what it forgets in 15 s it has half forgotten in
    # 5 s. What is cut off is heard as well as ever until it is not heard at all.
    if set(deaf) == {(SCENE, 15)} and change(SCENE, 25) < _FADED * heard[SCENE, 29]:
        del heard[SCENE, 15], deaf[SCENE, 15]
    only_scenes = all(function == SCENE for function, _ in deaf)
    for function, second in deaf:
        changed = loud_at(sounds, second, rate, session.seed)
        return violates(
            f"{function}: a loud second from {second} to {second + 1} s of 30 s leaves the "
            "embeddings as they were",
            Figure("relative change", deaf[function, second], limit=REPEAT_TOLERANCE),
            spares=Spares.EVERYTHING if only_scenes else Spares.NOTHING,
            expected="embeddings of the whole audio",
            reproduction=reproduce(
                f"print(abs({call_of(function, 'one')} - {call_of(function, 'two')}).max())",
                one=sounds,
                two=changed,
            ),
        )
    return conforms("", Figure("smallest change", min(heard.values()), limit=REPEAT_TOLERANCE))


def _heard_at_once(session: Session, sounds: Stimulus) -> dict[int, float]:
    """The change by each loud second, from one sound with all of them; empty if that cannot tell.

    Long audio takes some models long. Most embed what is near a timestamp, so that both changes
    show side by side. Where one second may have changed the embeddings of the other, each is looked
    at alone.
    """
    loud = sounds
    for second in _SECONDS:
        loud = loud_at(loud, second, session.sample_rate, session.seed)
    (before, times), (after, _) = session.timestamps(sounds), session.timestamps(loud)
    if before.shape != after.shape:
        return {}
    moved = np.linalg.norm(np.asarray(after[0] - before[0], np.float64), axis=1)
    near = {s: np.abs(times[0] - 1000 * (s + 0.5)) <= _NEAR_MS for s in _SECONDS}
    elsewhere = moved[~np.logical_or.reduce(list(near.values()))]
    least = _LOCAL * float(elsewhere.max(initial=0.0)) if len(elsewhere) else np.inf
    if not all(moved[part].max(initial=0.0) > least for part in near.values()):
        return {}
    norm = max(float(np.linalg.norm(before)), 1e-12)
    found = {s: float(np.linalg.norm(moved[part])) / norm for s, part in near.items()}
    return found if min(found.values()) > REPEAT_TOLERANCE else {}


def loud_at(sounds: Stimulus, second: int, rate: int, seed: int) -> Stimulus:
    """The same with one second at full scale, which even a maximum over time hears."""
    inside = f"(np.arange({sounds.n_samples}) // {rate} == {second})"
    loud = clipped(1, sounds.n_samples, seed)
    return Stimulus(
        f"{sounds.name}, loud from {second} to {second + 1} s",
        f"np.where({inside}, {loud.code}, {sounds.code})",
        np.where(np.arange(sounds.n_samples) // rate == second, loud.audio, sounds.audio),
    )
