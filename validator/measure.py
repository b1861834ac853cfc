"""What checks measure: relative errors per sound, and where in time a change lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def relative_errors(
    reference: NDArray[np.floating], other: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The relative error of every sound.

    The Euclidean distance over the reference's norm. A sound whose reference is (almost)
    zero is measured against the batch's typical norm, so that rounding near zero is not
    blown up.

    Args:
        reference: Shape (n_sounds, ...).
        other: The same shape.

    Returns:
        Shape (n_sounds,); infinite where either is not finite or the shapes differ.
    """
    if reference.shape != other.shape:
        return np.full(max(len(reference), 1), np.inf)
    flat = np.asarray(reference, np.float64).reshape(len(reference), -1)
    difference = np.asarray(other, np.float64).reshape(len(other), -1) - flat
    norms = np.linalg.norm(flat, axis=1)
    floor = max(float(np.median(norms)) * 1e-3, 1e-12)
    errors = np.linalg.norm(difference, axis=1) / np.maximum(norms, floor)
    return np.where(np.isfinite(errors), errors, np.inf)


@dataclass(frozen=True)
class Response:
    """Where in time the embeddings moved when bursts were added.

    Attributes:
        offsets_ms: Timestamp minus burst time, for every timestamp near a burst, sorted.
        change: How far the embedding there moved, relative to the largest move, same order.
        bursts: The index of the burst, same order.
        centre_ms: The offset of the change's centre; 0 for centred timestamps.
        peak_ms: The offset of its peak.
        width_ms: How wide the change is at half its height.
        contrast: Peak over the typical change far away from the bursts.
    """

    offsets_ms: NDArray[np.float64]
    change: NDArray[np.float64]
    bursts: NDArray[np.int64]
    centre_ms: float
    peak_ms: float
    width_ms: float
    contrast: float


def response(
    timestamps_ms: NDArray[np.floating],
    change: NDArray[np.floating],
    bursts_ms: NDArray[np.floating],
    reach_ms: float,
) -> Response:
    """Lay the change around all bursts over one another and find its centre.

    Bursts at different phases of the hop sample the response more finely than the hop.

    Args:
        timestamps_ms: Shape (n_timestamps,).
        change: The distance that each embedding moved, shape (n_timestamps,).
        bursts_ms: When the bursts were, shape (n_bursts,).
        reach_ms: How far from a burst its response is looked for.
    """
    times = np.asarray(timestamps_ms, np.float64)
    offsets, values, owners = [], [], []
    far = np.ones(len(times), bool)
    for n, burst in enumerate(bursts_ms):
        near = np.abs(times - burst) <= reach_ms
        far &= ~near
        offsets.append(times[near] - burst)
        values.append(np.asarray(change, np.float64)[near])
        owners.append(np.full(int(near.sum()), n))
    offset, value = np.concatenate(offsets), np.concatenate(values)
    # What moves everywhere (attention, normalisation over the clip) is not the response.
    background = float(np.median(change[far])) if far.sum() >= 4 else float(np.min(value))
    value = np.maximum(value - background, 0)
    peak = float(value.max(initial=0.0))
    order = np.argsort(offset)
    offset, value, owner = offset[order], value[order], np.concatenate(owners)[order]
    if peak <= 0:
        return Response(offset, value, owner, np.nan, np.nan, np.nan, 0.0)
    value = value / peak
    high = offset[value >= 0.5]
    top = offset[value >= 0.9]
    return Response(
        offset,
        value,
        owner,
        float(high.min() + high.max()) / 2,
        float(top.min() + top.max()) / 2,
        float(high.max() - high.min()),
        peak / max(background, 1e-3 * peak),
    )
