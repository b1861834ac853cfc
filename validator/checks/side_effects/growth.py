"""Memory that is not given back."""

from __future__ import annotations

from ...asking.session import Session
from ...asking.snippets import reproduce
from ...catalogue import Figure, Verdict, check, conforms, violates
from ...stimuli import noise
from .._calls import FUNCTIONS
from ..outputs.content import finite

_CALLS = 6
"""Calls whose growth is measured, after as many to warm up."""


_AUDIO_S = 2.0
"""Length of their audio: 128 kB at 16 kHz, far above what comes and goes by itself (1 kB)."""


_OBJECTS = 0.5
"""Python objects a call: one that is kept in every call is a leak, one now and then is not."""


@check(
    "S13",
    "memory does not grow from call to call",
    section="What callers rely on",
    requires=(finite,),
    fix="Do not append inputs or results to lists, and keep caches bounded.",
)
def no_growth(session: Session) -> Verdict:
    """A model that keeps every input or result runs out of memory in the middle of a task."""
    sounds = noise(1, session.samples(_AUDIO_S), session.seed)
    kept = []
    for part in range(3):
        for n in range(_CALLS):
            # Shifted, not drawn anew, which would take longer than some models do.
            other = sounds.shifted(100 * (1 + part * _CALLS + n))
            for function in FUNCTIONS:
                session.call(function, other, again=1000, keep=False)
        kept.append(session.footprint())
    # Both halves must grow: a cache that fills up once does not.
    grown, objects = (
        min(second - first, third - second) / _CALLS
        for first, second, third in (
            [one.bytes for one in kept],
            [one.objects for one in kept],
        )
    )
    limit = sounds.audio.nbytes / (16 if kept[0].exact else 2)
    figures = (
        Figure("growth", grown / 1e3, "kB a call", limit / 1e3),
        Figure("objects", objects, "more a call", _OBJECTS),
    )
    if grown > limit or objects > _OBJECTS:
        return violates(
            f"memory grows by {max(grown, 0) / 1e3:.0f} kB and {max(objects, 0):.3g} objects with "
            f"every call on {_AUDIO_S:g} s of audio",
            *figures,
            expected="no growth after the first calls",
            reproduction=reproduce(
                "for _ in range(1000): scene(audio, model)  # watch the process's memory",
                audio=sounds,
            ),
        )
    return conforms("", *figures)
