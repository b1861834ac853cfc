"""A 95 % interval."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A 95 % interval.

    Attributes:
        low: Lower end.
        high: Upper end.
        n: Number of seeds, or of recordings, that it is over.

    Examples:
        >>> from hearkit.evaluation import Interval
        >>> Interval(0.78, 0.86, n=400).low
        0.78
    """

    low: float
    high: float
    n: int
