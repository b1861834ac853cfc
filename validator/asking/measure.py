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

    What is measured is the core: what moved at least half as far as the peak, around the peak.
    Other places, such as where a recurrent layer was tipped into another state, are left out.

    Attributes:
        offsets_ms: Timestamp minus burst time, for every timestamp near a burst, sorted.
        change: How far the embedding there moved, relative to the peak, same order.
        centre_ms: The offset of the middle of the core; 0 for centred timestamps.
        peak_ms: The offset of the middle of its top.
        centroid_ms: The offset of the centre of gravity of the core and its slopes.
        width_ms: How wide the core is.
        contrast: Peak over the typical change far away from the bursts; 0 if nothing moved.
        near: The share of the strongest moves, wherever they are, that is near a burst.
        answered: The share of bursts that strongly move an embedding right next to them.
    """

    offsets_ms: NDArray[np.float64]
    change: NDArray[np.float64]
    centre_ms: float
    peak_ms: float
    centroid_ms: float
    width_ms: float
    contrast: float
    near: float
    answered: float


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
    moved = np.asarray(change, np.float64)
    hop = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    apart = times[:, None] - np.asarray(bursts_ms, np.float64)
    near = np.abs(apart) <= reach_ms
    far = np.abs(apart).min(axis=1) > reach_ms
    background = _background(moved, far)
    above = np.maximum(moved - background, 0)
    rows, columns = np.nonzero(near)
    order = np.argsort(apart[rows, columns], kind="stable")
    offsets, values = apart[rows, columns][order], _steady(above[rows][order])
    peak = float(values.max(initial=0.0))
    if peak <= 0:
        return Response(offsets, values, np.nan, np.nan, np.nan, np.nan, 0.0, 0.0, 0.0)
    values = values / peak
    core = _core(offsets, values, hop)
    top = offsets[core & (values >= _TOP)]
    middle = (offsets[core][0] + offsets[core][-1]) / 2
    around = np.abs(offsets - middle) <= np.ptp(offsets[core]) / 2 + _SLOPE * hop
    weights = np.maximum(values - _FOOT, 0) * around
    beside = np.abs(apart) <= max(_BESIDE_MS, 2 * hop)
    return Response(
        offsets,
        values,
        centre_ms=float(offsets[core][0] + offsets[core][-1]) / 2,
        peak_ms=float(top[0] + top[-1]) / 2,
        centroid_ms=float((offsets * weights).sum() / weights.sum()),
        width_ms=float(np.ptp(offsets[core])),
        contrast=(peak + background) / max(background, 1e-3 * peak),
        near=_share(above, ~far),
        answered=float(np.any(beside & (above >= _FOOT * above.max())[:, None], axis=0).mean()),
    )


def above_background(
    timestamps_ms: NDArray[np.floating],
    change: NDArray[np.floating],
    bursts_ms: NDArray[np.floating],
    reach_ms: float,
) -> NDArray[np.float64]:
    """How much further each embedding moved than those far away from all bursts.

    Args:
        timestamps_ms: Shape (n_timestamps,).
        change: The distance that each embedding moved, shape (n_timestamps,).
        bursts_ms: When the bursts were, shape (n_bursts,).
        reach_ms: What is further away from all bursts is far.
    """
    moved = np.asarray(change, np.float64)
    apart = np.asarray(timestamps_ms, np.float64)[:, None] - np.asarray(bursts_ms, np.float64)
    return np.maximum(moved - _background(moved, np.abs(apart).min(axis=1) > reach_ms), 0)


def _background(moved: NDArray[np.float64], far: NDArray[np.bool_]) -> float:
    """What moves everywhere (attention, normalisation over the clip) and is no response."""
    return float(np.median(moved[far])) if far.sum() >= _ENOUGH else float(moved.min())


def _steady(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The running median over neighbouring offsets, which are those of different bursts.

    What only one burst does is chance. A response that is narrower than the hop is seen by
    few bursts, and is left as it is.
    """
    if len(values) < _NEIGHBOURS:
        return values
    padded = np.pad(values, _NEIGHBOURS // 2, mode="edge")
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, _NEIGHBOURS), axis=1)
    return smooth if smooth.max() > _HALF * values.max() else values


def _core(
    offsets: NDArray[np.float64], values: NDArray[np.float64], hop: float
) -> NDArray[np.bool_]:
    """Which values belong to the peak: half as high, and no more than a hop from the next."""
    high = np.flatnonzero(values >= _HALF)
    pieces = np.split(high, np.flatnonzero(np.diff(offsets[high]) > _GAP * hop) + 1)
    highest = int(values.argmax())
    core = np.zeros(len(values), bool)
    core[next(piece for piece in pieces if highest in piece)] = True
    return core


def _share(above: NDArray[np.float64], near: NDArray[np.bool_]) -> float:
    strong = above >= _HALF * above.max()
    return float((strong & near).sum() / strong.sum())


_ENOUGH = 4
"""Timestamps far from all bursts, below which their median says nothing."""

_FOOT, _HALF, _TOP = 0.25, 0.5, 0.9
"""Heights, relative to the peak, of the foot, the width and the top of a response."""

_NEIGHBOURS = 5
_GAP, _SLOPE = 1.01, 0.9
_BESIDE_MS = 150.0


def likeness(one: Response, other: Response, shift_ms: float) -> float:
    """How alike two responses are once the second is moved back by a shift.

    Args:
        one: The first.
        other: The second.
        shift_ms: By how much to move the second.

    Returns:
        The cosine of the two, laid over one another: 1 for the same shape, 0 if one is empty.
    """
    if one.contrast == 0 or other.contrast == 0:
        return 0.0
    grid = np.unique(np.concatenate([one.offsets_ms, other.offsets_ms - shift_ms]))
    first = np.interp(grid, one.offsets_ms, one.change)
    second = np.interp(grid, other.offsets_ms - shift_ms, other.change)
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
