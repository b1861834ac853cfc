"""The protocol once more, the slow and obvious way: loops over frames, events and segments."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import median_filter

PlainEvent = tuple[str, float, float]
"""Label, onset and offset in ms."""


def events_of_frames(
    probabilities: np.ndarray,
    times: Sequence[float],
    labels: Sequence[str],
    filter_ms: float,
    least_ms: float,
) -> list[PlainEvent]:
    """Events of one recording, whose frames may stand in any order."""
    frames = dict(zip(times, probabilities, strict=True))
    times = sorted(frames)
    rows = np.stack([frames[time] for time in times])
    width = round(filter_ms / float(np.mean(np.diff(times)))) if filter_ms else 0
    if width:
        rows = median_filter(rows, size=(width, 1))
    found = []
    for index, label in enumerate(labels):
        begin: int | None = None
        for n in range(len(times) + 1):
            active = n < len(times) and rows[n, index] > 0.5
            if active and begin is None:
                begin = n
            elif not active and begin is not None:
                if times[n - 1] - times[begin] >= least_ms:
                    found.append((label, times[begin], times[n - 1]))
                begin = None
    return sorted(found, key=lambda event: event[1])


def matches(
    predicted: Sequence[PlainEvent],
    reference: Sequence[PlainEvent],
    collar: float,
    offset_share: float | None,
) -> int:
    """The size of a maximum matching of one recording's events, by augmenting paths."""

    def fits(one: PlainEvent, other: PlainEvent) -> bool:
        if one[0] != other[0] or not math.fabs(other[1] / 1000 - one[1] / 1000) <= collar:
            return False
        if offset_share is None:
            return True
        length = other[2] / 1000 - other[1] / 1000
        allowed = max(collar, offset_share * length)
        return math.fabs(other[2] / 1000 - one[2] / 1000) <= allowed

    taken: dict[int, int] = {}

    def place(n: int, seen: set[int]) -> bool:
        for m, event in enumerate(reference):
            if m not in seen and fits(predicted[n], event):
                seen.add(m)
                if m not in taken or place(taken[m], seen):
                    taken[m] = n
                    return True
        return False

    return sum(place(n, set()) for n in range(len(predicted)))


def segment_errors(
    predicted: Sequence[PlainEvent], reference: Sequence[PlainEvent], seconds: float
) -> tuple[int, int, int, int]:
    """Substitutions, deletions, insertions and references of one recording."""

    def roll(events: Sequence[PlainEvent]) -> set[tuple[int, str]]:
        return {
            (segment, label)
            for label, start, end in events
            for segment in range(
                math.floor(start / 1000 / seconds), math.ceil(end / 1000 / seconds)
            )
        }

    system, truth = roll(predicted), roll(reference)
    totals = np.zeros(4, int)
    for segment in {place for place, _ in system | truth}:
        n_system = sum(place == segment for place, _ in system)
        n_truth = sum(place == segment for place, _ in truth)
        n_both = sum(place == segment for place, _ in system & truth)
        totals += (
            min(n_truth, n_system) - n_both,
            max(0, n_truth - n_system),
            max(0, n_system - n_truth),
            n_truth,
        )
    return tuple(totals.tolist())
