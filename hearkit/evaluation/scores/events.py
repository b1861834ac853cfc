"""Scores of events: sed_eval's counts, over all recordings at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..events import EventTable

_EPSILON = float(np.spacing(1))
"""What sed_eval adds to the number of references before it divides by it."""

_MARGIN_S = 1e-3


@dataclass(frozen=True)
class Match:
    """When a predicted event is taken for a reference event of the same label and recording.

    Attributes:
        collar: Seconds that the onsets may differ.
        offset_share: If given, offsets may differ by the collar or by this share of the
            reference's length, whichever is longer; without it offsets do not count.
    """

    collar: float
    offset_share: float | None = None


def count_matches(predicted: EventTable, reference: EventTable, match: Match) -> int:
    """The size of a maximum matching of predicted and reference events.

    sed_eval looks for a maximum bipartite matching of each recording and label. Only its size
    counts, and the sizes add up, so one matching of all events is enough.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    rows, columns = _candidates(predicted, reference, match)
    if len(rows) == 0:
        return 0
    edges = csr_array(
        (np.ones(len(rows), np.int8), (rows, columns)), shape=(len(predicted), len(reference))
    )
    return int((maximum_bipartite_matching(edges, perm_type="column") >= 0).sum())


def _candidates(
    predicted: EventTable, reference: EventTable, match: Match
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of predicted and of reference events that may be matched."""
    groups = np.concatenate((_group(predicted), _group(reference)))
    _, groups = np.unique(groups, axis=0, return_inverse=True)
    of_predicted, of_reference = np.split(groups.reshape(-1), [len(predicted)])
    starts, onsets = predicted.starts / 1000.0, reference.starts / 1000.0
    # One number line with the references of each group, by onset, far from the next group's. The
    # window is a little wider than the collar, for the rounding of such numbers.
    far = 2 * (max(np.abs(starts).max(initial=0), np.abs(onsets).max(initial=0)) + match.collar + 1)
    order = np.lexsort((onsets, of_reference))
    line = of_reference[order] * far + onsets[order]
    first = np.searchsorted(line, of_predicted * far + starts - match.collar - _MARGIN_S, "left")
    behind = np.searchsorted(line, of_predicted * far + starts + match.collar + _MARGIN_S, "right")
    lengths = behind - first
    rows = np.repeat(np.arange(len(predicted)), lengths)
    inside = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    columns = order[np.repeat(first, lengths) + inside]
    near = np.abs(onsets[columns] - starts[rows]) <= match.collar
    rows, columns = rows[near], columns[near]
    if match.offset_share is None:
        return rows, columns
    offsets, starts = reference.ends[columns] / 1000.0, reference.starts[columns] / 1000.0
    allowed = np.maximum(match.collar, match.offset_share * (offsets - starts))
    near = np.abs(offsets - predicted.ends[rows] / 1000.0) <= allowed
    return rows[near], columns[near]


def _group(events: EventTable) -> NDArray[np.int64]:
    return np.stack((events.files, events.labels), axis=1)


def event_scores(predicted: EventTable, reference: EventTable, match: Match) -> dict[str, float]:
    """F-measure, precision and recall over all recordings and labels together.

    Without predicted events precision and F-measure are NaN; if both precision and recall are 0,
    so is the F-measure.
    """
    matched = count_matches(predicted, reference, match)
    precision = matched / len(predicted) if len(predicted) else math.nan
    recall = matched / len(reference) if len(reference) else math.nan
    both = precision + recall
    f_measure = 0.0 if both == 0 else 2 * precision * recall / both
    return {"f_measure": f_measure, "precision": precision, "recall": recall}


def segment_error_rate(
    predicted: EventTable, reference: EventTable, n_labels: int, seconds: float
) -> dict[str, float]:
    """The error rate over segments of a length: substitutions, deletions and insertions."""
    *wrong, n_reference = segment_counts(predicted, reference, n_labels, seconds)
    whole = n_reference + _EPSILON
    # One after the other, as sed_eval does, for the same last bit.
    substitutions, deletions, insertions = (count / whole for count in wrong)
    return {"error_rate": substitutions + deletions + insertions}


def segment_counts(
    predicted: EventTable, reference: EventTable, n_labels: int, seconds: float
) -> tuple[float, float, float, float]:
    """Substitutions, deletions, insertions, and active cells of the reference.

    They add up over recordings.
    """
    last_ms = max(predicted.ends.max(initial=0), reference.ends.max(initial=0))
    n_segments = math.ceil(last_ms / 1000.0 / seconds)
    keys = [
        _active_cells(events, n_labels, n_segments, seconds) for events in (predicted, reference)
    ]
    both = np.intersect1d(keys[0], keys[1], assume_unique=True)
    # A cell without its label is a segment.
    segments, where = np.unique(np.concatenate([*keys, both]) // n_labels, return_inverse=True)
    parts = np.split(where.reshape(-1), [len(keys[0]), len(keys[0]) + len(keys[1])])
    n_system, n_reference, n_both = (np.bincount(part, minlength=len(segments)) for part in parts)
    substitutions = (np.minimum(n_reference, n_system) - n_both).sum()
    deletions = np.maximum(0, n_reference - n_system).sum()
    insertions = np.maximum(0, n_system - n_reference).sum()
    counts = substitutions, deletions, insertions, n_reference.sum()
    return tuple(map(float, counts))  # type: ignore[return-value]


def _active_cells(
    events: EventTable, n_labels: int, n_segments: int, seconds: float
) -> NDArray[np.int64]:
    """Every (recording, segment, label) in which an event is, as one sorted number each.

    Onsets are rounded down and offsets up.
    """
    first = np.floor(events.starts / 1000.0 / seconds).astype(np.int64)
    behind = np.ceil(events.ends / 1000.0 / seconds).astype(np.int64)
    lengths = np.maximum(behind - first, 0)
    # The segments of each event: 0, 1, .. counted from its first.
    inside = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    segments = np.repeat(first, lengths) + inside
    files, labels = (np.repeat(column, lengths) for column in (events.files, events.labels))
    return np.unique((files * n_segments + segments) * n_labels + labels)
