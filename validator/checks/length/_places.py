"""Where in long audio the embeddings really look: marks at known times, found in the embeddings.

Models cut long audio into pieces. Where each piece loses or repeats a frame and timestamps are
counted on regularly, nothing of the timestamps shows it: they run away from the audio, by so
little in half a minute that only long audio tells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...asking.snippets import Reproduction, reproduce
from ...stimuli import Stimulus, with_marks

Floats = NDArray[np.float64]

_EVERY_S = 7.0
"""Seconds between two marks, about: 170 in 20 minutes."""

_MARK_S = 0.08

_REACH_MS = 1500.0
"""How far from a mark it is looked for: what 75 frames of 20 ms have lost."""

_CONTRAST = 3.0
"""How much further than usual a mark must move the embeddings to be seen."""

_SEEN = 0.7
"""Share of the marks of a quarter that must be seen."""

_SURE = 4.0
"""Standard errors of a difference from which it is one."""


@dataclass(frozen=True)
class Running:
    """How timestamps of long audio run away from it.

    Attributes:
        first_ms: Offset of timestamps from what they show in the first quarter, the median.
        last_ms: The same in the last quarter.
        error_ms: Standard error of the difference.
        spread_ms: How far single marks are from the medians, typically.
    """

    first_ms: float
    last_ms: float
    error_ms: float
    spread_ms: float

    @property
    def drift_ms(self) -> float:
        """By how much timestamps run ahead of the audio from the first to the last quarter."""
        return self.last_ms - self.first_ms


def mark_times(length_s: float, seed: int) -> tuple[float, ...]:
    """Seconds of the marks' centres, unevenly, so that they meet all phases of any pieces."""
    drawn = np.random.default_rng(seed)
    even = np.arange(_EVERY_S / 2, length_s - _EVERY_S / 2, _EVERY_S)
    return tuple(np.round(even + drawn.uniform(-1.5, 1.5, len(even)), 4).tolist())


def marked(sounds: Stimulus, rate: int, seed: int) -> Stimulus:
    """The same with short loud marks."""
    times = mark_times(sounds.n_samples / rate, seed)
    width = round(_MARK_S * rate)
    begins = [round(time * rate) - width // 2 for time in times]
    return Stimulus(
        f"{sounds.name} with {len(times)} marks",
        f"with_marks({sounds.code}, {width}, {begins})",
        with_marks(sounds.audio, width, begins),
    )


def running(
    embeddings: NDArray[np.floating], times_ms: Floats, marks_ms: Floats, hop_ms: float
) -> Running | None:
    """How far timestamps have run away from the audio; None where marks do not show it.

    Args:
        embeddings: Shape (n_timestamps, size).
        times_ms: Shape (n_timestamps,).
        marks_ms: When the marks were, shape (n_marks,).
        hop_ms: The usual interval of timestamps.
    """
    moved = _moved(embeddings)
    offsets = np.array([_offset(times_ms, moved, mark) for mark in marks_ms])
    seen = np.isfinite(offsets)
    quarter = len(marks_ms) // 4
    parts = (slice(0, quarter), slice(-quarter, None))
    if quarter < _FEWEST or any(seen[part].mean() < _SEEN for part in parts):
        return None
    first, last = (offsets[part][seen[part]] for part in parts)
    middles = [float(np.median(part)) for part in (first, last)]
    # Within a quarter, a drift moves them, too: a line is taken out.
    spreads = [_spread(marks_ms[part][seen[part]], offsets[part][seen[part]]) for part in parts]
    errors = [1.25 * s / float(len(p)) ** 0.5 for s, p in zip(spreads, (first, last), strict=True)]
    found = Running(middles[0], middles[1], float(np.hypot(*errors)), max(spreads))
    return found if found.spread_ms <= 1.5 * hop_ms + _WIDEST_MS else None


_FEWEST = 8
_WIDEST_MS = 60.0
"""Marks of a model that works in blocks are found all over a block, which tells nothing."""


def is_sure(found: Running, hop_ms: float, allowed_ms: float) -> bool:
    """Whether timestamps certainly run away, by most of a hop at least.

    Args:
        found: What the marks showed.
        hop_ms: The usual interval of timestamps.
        allowed_ms: What is known of otherwise.
    """
    least = max(0.6 * hop_ms, 2.5) + allowed_ms
    return abs(found.drift_ms) > max(least, _SURE * found.error_ms)


def _moved(embeddings: NDArray[np.floating]) -> Floats:
    """How far each embedding is from the usual one, in what they usually differ by."""
    middle = np.median(embeddings, axis=0)
    apart = np.abs(np.asarray(embeddings, np.float64) - middle)
    usual = np.maximum(np.median(apart, axis=0), 1e-12 + 1e-6 * float(apart.max(initial=0.0)))
    return np.asarray(np.sqrt(np.square(apart / usual).mean(axis=1)))


def _offset(times_ms: Floats, moved: Floats, mark_ms: float) -> float:
    """Where what a mark moves is centred, from the mark; NaN where it moves too little."""
    lo, hi = np.searchsorted(times_ms, (mark_ms - _REACH_MS, mark_ms + _REACH_MS))
    near = moved[lo:hi]
    if len(near) < 3:
        return np.nan
    usual = float(np.median(near))
    top = int(near.argmax())
    if near[top] < _CONTRAST * usual:
        return np.nan
    half = (near[top] + usual) / 2
    low = near < half
    left = top - int(np.argmax(low[top::-1])) + 1 if low[: top + 1].any() else 0
    right = top + int(np.argmax(low[top:])) if low[top:].any() else len(near)
    weights = near[left:right] - usual
    return float((times_ms[lo + left : lo + right] * weights).sum() / weights.sum()) - mark_ms


def _spread(marks_ms: Floats, offsets: Floats) -> float:
    """How far offsets are from a line through them, typically."""
    half = len(offsets) // 2
    rise = np.median(offsets[half:]) - np.median(offsets[:half])
    run = np.median(marks_ms[half:]) - np.median(marks_ms[:half])
    rest = offsets - rise / run * (marks_ms - marks_ms.mean())
    return 1.4826 * float(np.median(np.abs(rest - np.median(rest))))


def showing(sounds: Stimulus, marks_s: tuple[float, ...]) -> Reproduction:
    """What prints the timestamps that the first and the last marks move furthest."""
    places = [round(1000 * mark) for mark in (*marks_s[:3], *marks_s[-3:])]
    return reproduce(
        "embeddings, times = timestamps(audio, model)",
        "moved = abs(embeddings[0] - embeddings[0].mean(0)).sum(-1)",
        f"for mark in {places}:  # ms",
        "    near = abs(times[0] - mark) < 1500",
        "    print(mark, times[0][near][moved[near].argmax()])",
        audio=sounds,
    )
