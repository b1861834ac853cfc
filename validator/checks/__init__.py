"""Every check, found in the folders here: a folder is a family, a check a decorated function.

Modules of a family may import modules of other families, for what their checks require; the
families' own `__init__` holds nothing but the family, so that no circle arises.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

from ..catalogue import Check, Family, catalogued


def _families() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(__path__, f"{__name__}."):
        if found.ispkg:
            yield import_module(found.name)


def _modules(family: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(family.__path__, f"{family.__name__}."):
        yield import_module(found.name)


def _declared(module: ModuleType) -> Iterator[Check]:
    """The checks that stand in a module, without those that it imports."""
    for thing in vars(module).values():
        if isinstance(thing, Check) and thing.run.__module__ == module.__name__:
            yield thing


FAMILIES: tuple[Family, ...] = tuple(
    sorted((family.FAMILY for family in _families()), key=lambda family: family.letter)
)
"""In the order of their letters."""

CATALOGUE: tuple[Check, ...] = catalogued(
    check for family in _families() for module in _modules(family) for check in _declared(module)
)
"""In the order of their ids."""
