"""The centre of what each single burst moves, and how it goes on from burst to burst.

Laid over one another, responses of several bursts show a centre more finely than the hop, if the
model answers every burst in the same way. A model that works in blocks of which all frames hear
one another does not: what moves is the block, wherever in it the burst is. So the centres of
single bursts are looked at first, before anything is averaged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVELS = (0.5, 0.75, 0.9)
"""Heights at which a response is cut, relative to its peak. Where a whole block moves a little, and
the burst's own frames a lot, only a higher cut shows these."""


@dataclass(frozen=True)
class Singles:
    """Centres of single bursts.

    Attributes:
        level: Height of the cut, relative to each peak.
        bursts_ms: When the bursts were that moved something, shape (n,).
        offsets_ms: Middle of what each moved, relative to the burst, shape (n,).
        centroids_ms: Its centre of gravity, relative to the burst, shape (n,).
        width_ms: The typical width of what a burst moves.
        slope: Growth of the centroids, in ms for each ms of audio.
        slope_error: Standard error of the slope.
        grown_ms: Growth of the centroid from each burst to its twin, shape (n_pairs,).
        locked: Whether what moves stays in its place while the burst moves.
    """

    level: float
    bursts_ms: Floats
    offsets_ms: Floats
    centroids_ms: Floats
    width_ms: float
    slope: float
    slope_error: float
    grown_ms: Floats
    locked: bool

    @property
    def centre_ms(self) -> float:
        """The offset at the beginning of the audio, from which it grows with the slope."""
        return float(np.mean(self.offsets_ms - self.slope * self.bursts_ms))


def singles(
    times_ms: Floats, groups: tuple[tuple[Floats, Floats], tuple[Floats, Floats]], reach_ms: float
) -> Singles | None:
    """Centres of single bursts at the lowest cut at which they go with the bursts.

    Args:
        times_ms: Timestamps, shape (n_timestamps,).
        groups: Bursts in ms (n_bursts,), and by how much each embedding moved (n_timestamps,)
            above what moves anyway, for two groups of bursts: the n-th bursts of both meet the
            same audio at the same phase of the hop.
        reach_ms: How far from a burst the peak of its response is looked for.

    Returns:
        None where too few bursts moved anything. Where no cut does, those of the lowest, which is
        as wide as what moves.
    """
    for level in LEVELS:
        found = _at(level, times_ms, groups, reach_ms)
        if found is None or not found.locked:
            return found
    return _at(LEVELS[0], times_ms, groups, reach_ms)


def _at(
    level: float,
    times_ms: Floats,
    groups: tuple[tuple[Floats, Floats], tuple[Floats, Floats]],
    reach_ms: float,
) -> Singles | None:
    hop = float(np.median(np.diff(times_ms))) if len(times_ms) > 1 else 0.0
    cores = np.array(
        [
            [_core(times_ms, above, burst, reach_ms, level) for burst in bursts]
            for bursts, above in groups
        ]
    )  # group, burst, (middle, centroid, width), relative to the burst
    seen = np.isfinite(cores[..., 0])
    if seen.sum() < _FEWEST or not seen.any(axis=1).all():
        return None
    bursts = np.array([group[0] for group in groups])
    middles, centroids, widths = np.moveaxis(cores, 2, 0)
    slope, error = _slope(bursts, centroids, seen)
    if abs(slope) > _LARGEST_SLOPE:
        slope = 0.0  # blocks whose phase is another one for all bursts of the second group
    rest = (middles - slope * bursts)[seen]
    width = float(np.median(widths[seen]))
    # One on each side may be chance.
    spread = float(np.ptp(np.sort(rest)[1:-1]))
    locked = spread > _SPREAD_HOPS * hop + _SPREAD_WIDTHS * width + 2.0 or width > 2 * reach_ms
    return Singles(
        level,
        bursts[seen],
        middles[seen],
        centroids[seen],
        width,
        slope,
        error,
        (centroids[1] - centroids[0])[seen.all(axis=0)],
        locked,
    )


def _core(
    times_ms: Floats, above: Floats, burst: float, reach_ms: float, level: float
) -> tuple[float, float, float]:
    """Middle, centroid and width of what one burst moves; NaN where it moves nothing."""
    near = np.flatnonzero(np.abs(times_ms - burst) <= reach_ms)
    if not len(near) or above[near].max() < _FOOT * above.max() or above.max() <= 0:
        return np.nan, np.nan, np.nan
    top = int(near[above[near].argmax()])
    low = above < level * above[top]
    left = top - int(np.argmax(low[top::-1])) + 1 if low[: top + 1].any() else 0
    right = top + int(np.argmax(low[top:])) - 1 if low[top:].any() else len(low) - 1
    # Slopes on both sides weigh in, so that the centroid moves with less than a hop.
    lo, hi = max(0, left - 1), min(len(above), right + 2)
    weights = np.maximum(above[lo:hi] / above[top] - level / 2, 0)
    centroid = float((times_ms[lo:hi] * weights).sum() / weights.sum())
    middle = float(times_ms[left] + times_ms[right]) / 2
    return middle - burst, centroid - burst, float(times_ms[right] - times_ms[left])


def _slope(bursts: Floats, centroids: Floats, seen: NDArray[np.bool_]) -> tuple[float, float]:
    """How the centroids grow from the first group to the second, and the standard error.

    Both bursts of a pair meet the same audio at the same phase of the hop, so that what depends
    on these is the same in both.
    """
    both = seen.all(axis=0)
    if both.sum() >= _FEWEST_PAIRS:
        grown = ((centroids[1] - centroids[0]) / (bursts[1] - bursts[0]))[both]
        # The median, and an error to go with it: one pair may be chance.
        middle = float(np.median(grown))
        spread = 1.4826 * float(np.median(np.abs(grown - middle)))
        floor = float(np.std(grown)) / 2
        return middle, max(spread, floor) / float(both.sum()) ** 0.5
    means = [float(np.mean(centroids[n][seen[n]])) for n in (0, 1)]
    errors = [float(np.std(centroids[n][seen[n]])) / float(seen[n].sum()) ** 0.5 for n in (0, 1)]
    apart = float(bursts[1][seen[1]].mean() - bursts[0][seen[0]].mean())
    return (means[1] - means[0]) / apart, float(np.hypot(*errors)) / apart


_FEWEST, _FEWEST_PAIRS = 4, 3
"""Bursts, and pairs of them, from which something can be told."""

_LARGEST_SLOPE = 0.03
"""Timestamps that run faster or slower than this are found by their pace over 30 s."""

_FOOT = 0.25
"""Height, relative to the strongest response, below which a burst fell between two windows."""

_SPREAD_HOPS, _SPREAD_WIDTHS = 1.5, 0.4
"""How far centres spread that go with the bursts: by what the grid of frames does to them, and by
noise. Centres of blocks spread over the width of a block."""
