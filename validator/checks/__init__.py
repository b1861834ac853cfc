"""The catalogue: every check, in an order in which what is required comes first.

A family is a module here; a check is one decorated function in it.
"""

from __future__ import annotations

from types import ModuleType

from ..catalogue import RETIRED_IDS, Check
from . import (
    batch,
    centring,
    coverage,
    device,
    interface,
    length,
    model,
    outputs,
    repeatability,
    side_effects,
    timestamps,
)

FAMILIES: tuple[ModuleType, ...] = (
    interface,
    model,
    outputs,
    length,
    repeatability,
    batch,
    timestamps,
    coverage,
    centring,
    device,
    side_effects,
)


def _declared(family: ModuleType) -> list[Check]:
    """The checks that a module declares, in the order in which they stand there."""
    return [
        thing
        for thing in vars(family).values()
        if isinstance(thing, Check) and thing.run.__module__ == family.__name__
    ]


CATALOGUE: tuple[Check, ...] = tuple(c for family in FAMILIES for c in _declared(family))

assert len({c.id for c in CATALOGUE} | RETIRED_IDS) == len(CATALOGUE) + len(RETIRED_IDS)
