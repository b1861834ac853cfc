"""What heads are to predict: labels of recordings and of frames, as zeros and ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .task import Event

_INCLUSIVE_MS = 0.0001
"""Added to an event's end, so that a frame at the end itself has the label (HEAR_EVAL, 2)."""


def of_recordings(labels: Sequence[Sequence[str]], vocabulary: Sequence[str]) -> NDArray[np.uint8]:
    """Targets of recordings.

    Args:
        labels: Labels of each recording.
        vocabulary: All labels, in the order of their indices.

    Returns:
        uint8, shape (n_recordings, n_labels).
    """
    index = {label: number for number, label in enumerate(vocabulary)}
    targets = np.zeros((len(labels), len(vocabulary)), np.uint8)
    rows = [row for row, one in enumerate(labels) for _ in one]
    targets[rows, [index[label] for one in labels for label in one]] = 1
    return targets


def of_frames(
    timestamps: NDArray[np.float64], events: Sequence[Event], vocabulary: Sequence[str]
) -> NDArray[np.uint8]:
    """Targets of the frames of one recording: a label where start <= t < end + 0.0001 ms.

    Args:
        timestamps: Timestamps in ms, in any order, shape (n_frames,).
        events: Events of the recording.
        vocabulary: All labels, in the order of their indices.

    Returns:
        uint8, shape (n_frames, n_labels).

    Examples:
        >>> import numpy as np
        >>> from hearkit.evaluation.tasks.targets import of_frames
        >>> from hearkit.evaluation.tasks.task import Event
        >>> of_frames(np.array([0.0, 50.0, 100.0]), [Event("bell", 50.0, 100.0)], ["bell"])[:, 0]
        array([0, 1, 1], dtype=uint8)
    """
    index = {label: number for number, label in enumerate(vocabulary)}
    order = np.argsort(timestamps, kind="stable")
    ascending = timestamps[order]
    columns = np.array([index[event.label] for event in events], np.intp)
    first = np.searchsorted(ascending, [event.start for event in events])
    behind = np.searchsorted(ascending, [event.end + _INCLUSIVE_MS for event in events])
    # Events that begin at a frame count up, those that ended before it count down.
    running = np.zeros((len(timestamps) + 1, len(vocabulary)), np.int32)
    np.add.at(running, (first, columns), 1)
    np.add.at(running, (behind, columns), -1)
    targets = np.empty((len(timestamps), len(vocabulary)), np.uint8)
    targets[order] = np.cumsum(running, axis=0)[:-1] > 0
    return targets
