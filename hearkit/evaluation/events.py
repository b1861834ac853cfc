"""Probabilities of frames to events (HEAR_EVAL, section 4), without a loop over frames."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .data import SplitData
from .tasks.task import Event, Metadata

_THRESHOLD = 0.5
"""An event's frames have a probability above this."""

_DEFAULT_GRID: dict[str, tuple[float, ...]] = {
    "median_filter_ms": (250,),
    "min_duration": (125, 250),
}
"""Values to try where a task has none of its own; chosen for DCASE 2016."""


@dataclass(frozen=True, order=True)
class Postprocessing:
    """How events are made from frames.

    Attributes:
        median_filter_ms: Length of the median filter in ms; 0 is none.
        min_duration: Shorter events are left out, in ms.
    """

    median_filter_ms: float
    min_duration: float

    def as_dict(self) -> dict[str, float]:
        """The values by name, as the oracle writes them."""
        return {"median_filter_ms": self.median_filter_ms, "min_duration": self.min_duration}


def postprocessings(metadata: Metadata) -> tuple[Postprocessing, ...]:
    """All that are tried, in the order of scikit-learn's `ParameterGrid`."""
    grid = metadata.postprocessing_grid or _DEFAULT_GRID
    names = ("median_filter_ms", "min_duration")
    return tuple(itertools.starmap(Postprocessing, itertools.product(*(grid[n] for n in names))))


@dataclass(frozen=True)
class EventTable:
    """Events of many recordings as columns, one row for each event.

    Attributes:
        files: int64; index of the recording.
        labels: int64; index of the label.
        starts: float64; onset in ms.
        ends: float64; offset in ms.
    """

    files: NDArray[np.int64]
    labels: NDArray[np.int64]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]

    @classmethod
    def of(cls, events: Sequence[Sequence[Event]], vocabulary: Sequence[str]) -> EventTable:
        """The events of each recording."""
        index = {label: n for n, label in enumerate(vocabulary)}
        rows = [
            (file, index[event.label], event.start, event.end)
            for file, of_file in enumerate(events)
            for event in of_file
        ]
        columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
        return cls(
            np.array(columns[0], np.int64),
            np.array(columns[1], np.int64),
            np.array(columns[2], np.float64),
            np.array(columns[3], np.float64),
        )

    def __len__(self) -> int:
        """Number of events."""
        return len(self.files)

    def by_file(
        self, n_files: int, vocabulary: Sequence[str]
    ) -> tuple[tuple[tuple[str, float, float], ...], ...]:
        """(label, start, end) of each recording's events, by onset."""
        found: list[list[tuple[str, float, float]]] = [[] for _ in range(n_files)]
        # Onset first; ties by label, since the order of a stable sort is the oracle's.
        for row in np.lexsort((self.labels, self.starts)):
            entry = vocabulary[self.labels[row]], float(self.starts[row]), float(self.ends[row])
            found[self.files[row]].append(entry)
        return tuple(map(tuple, found))


class Frames:
    """The frames of a split, sorted by recording and time once.

    Attributes:
        n_files: Number of recordings.
    """

    def __init__(self, split: SplitData) -> None:
        if split.timestamps is None:
            raise ValueError(f"{split.name}: has no timestamps")
        self.n_files = len(split.files)
        counts = np.diff(split.starts)
        files = np.repeat(np.arange(self.n_files), counts)
        order = np.lexsort((split.timestamps, files))  # stable: of equal ones the last is last
        times, files = split.timestamps[order], files[order]
        # The oracle keys frames by their timestamp: the last of equal ones is kept.
        last = np.append((np.diff(times) != 0) | (np.diff(files) != 0), True)[: len(times)]
        self._order, self._times, self._files = order[last], times[last], files[last]
        self._starts = np.searchsorted(self._files, np.arange(self.n_files + 1))

    def events(
        self, probabilities: NDArray[np.float32], ways: Sequence[Postprocessing]
    ) -> Mapping[Postprocessing, EventTable]:
        """The events that each way of post-processing finds.

        Args:
            probabilities: float32, shape (n_rows, n_labels), in the order of the split.
            ways: How to make them; those with the same filter share its result.
        """
        found: dict[Postprocessing, EventTable] = {}
        rows = probabilities[self._order]
        for length_ms in dict.fromkeys(way.median_filter_ms for way in ways):
            runs = self._runs(self._active(rows, length_ms))
            for way in ways:
                if way.median_filter_ms == length_ms:
                    found[way] = _long_enough(runs, way.min_duration)
        return found

    def _active(self, rows: NDArray[np.float32], length_ms: float) -> NDArray[np.bool_]:
        """Whether each frame is above the threshold, after a median filter for each recording.

        The oracle filters probabilities and then compares them. The median of w numbers, the
        w // 2 + 1 smallest, is above the threshold where w - w // 2 of them are: counting is
        enough. Borders are mirrored, as by SciPy's default. (Where the window is 8 times the
        recording or more, SciPy 1.17 reads memory that is not its own; here it is still a median.)
        """
        active = rows > _THRESHOLD
        if not length_ms:
            return active
        for start, stop in itertools.pairwise(self._starts):
            if stop - start < 2:
                # One frame has no interval. The oracle stops there; nothing is to be smoothed.
                continue
            # Python's rounding: half to even.
            width = round(float(length_ms / np.mean(np.diff(self._times[start:stop]))))
            if width > 1:
                active[start:stop] = _majority(active[start:stop], width)
        return active

    def _runs(self, active: NDArray[np.bool_]) -> EventTable:
        """Stretches of consecutive active frames, by recording and then by label."""
        n_rows, n_labels = active.shape
        # A frame of silence between recordings keeps their runs apart.
        gaps = np.zeros((n_labels, n_rows + self.n_files + 1), np.int8)
        places = np.arange(n_rows) + self._files + 1
        gaps[:, places] = active.T
        steps = np.diff(gaps, axis=1)
        labels, begins = np.nonzero(steps == 1)
        ends = np.nonzero(steps == -1)[1]
        # Place p of a frame is p - file - 1 as a row; a step at p is between p and p + 1.
        rows = np.full(gaps.shape[1], -1)
        rows[places] = np.arange(n_rows)
        first, last = rows[begins + 1], rows[ends]
        return EventTable(
            self._files[first], labels, self._times[first].astype(float), self._times[last]
        )


def _long_enough(events: EventTable, least_ms: float) -> EventTable:
    kept = events.ends - events.starts >= least_ms
    return EventTable(
        events.files[kept], events.labels[kept], events.starts[kept], events.ends[kept]
    )


def _majority(active: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Whether the median of a window is active; shape (n_frames, n_labels)."""
    before = width // 2
    mirrored = np.pad(active, ((before, width - before - 1), (0, 0)), mode="symmetric")
    counts = np.zeros((len(mirrored) + 1, active.shape[1]), np.int32)
    np.cumsum(mirrored, axis=0, out=counts[1:])
    majority: NDArray[np.bool_] = counts[width:] - counts[:-width] >= width - width // 2
    return majority
