"""What pictures of the embeddings are made of and no check keeps: asked once, after the checks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hearkit.errors import Fault

from .asking.session import Numbers, Session
from .checks.outputs.shapes import shapes
from .gallery import Gallery
from .report import Result, Status
from .stimuli import recorded, recording_names

_SECONDS = 2.0
"""As long as the longest recording; shorter ones are repeated."""

_USABLE = {Status.PASSED, Status.WARNED, Status.INCONCLUSIVE}


def gallery(session: Session, results: Sequence[Result]) -> Gallery:
    """Ask for the embeddings of the recordings.

    Args:
        session: The submission.
        results: What became of the checks: what failed the basic ones is not asked again.
    """
    names = recording_names()
    basic = next((r for r in results if r.check is shapes), None)
    if basic is None or basic.status not in _USABLE:
        why = f"{shapes.id} ({shapes.title}) did not pass"
        return Gallery(names, 0, np.zeros((len(names), 0), np.float32), why, why)
    sounds = recorded(session.sample_rate, session.samples(_SECONDS))
    scenes: Numbers | str
    timestamps: tuple[Numbers, Numbers] | str
    try:
        scenes = session.scene(sounds)
        scenes = _problem("scene embeddings", scenes) or scenes
    except Fault as fault:
        scenes = str(fault)
    try:
        embeddings, times = session.timestamps(sounds)
        problem = _problem("timestamp embeddings", embeddings) or _problem("timestamps", times)
        timestamps = problem or (embeddings, times[0])
    except Fault as fault:
        timestamps = str(fault)
    return Gallery(names, session.sample_rate, sounds.audio, scenes, timestamps)


def _problem(what: str, numbers: Numbers) -> str:
    """Why these cannot be drawn, or ""."""
    if not numbers.size:
        return f"there are no {what}"
    return "" if np.isfinite(numbers).all() else f"some {what} are not finite"
