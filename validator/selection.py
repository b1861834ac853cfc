"""Which checks of a catalogue run, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hearkit.errors import UsageError

from .catalogue import Check


def in_order_of_need(checks: Iterable[Check]) -> tuple[Check, ...]:
    """The checks in an order in which what a check requires comes before it.

    Otherwise they stay in the order of their ids, after which come the families that run last.
    What is required and not among the checks is left out.
    """
    wanted = sorted(checks, key=lambda one: (one.family.runs_last, one.id))
    ordered: dict[Check, None] = {}

    def place(one: Check) -> None:
        for required in one.requires:
            if required not in ordered:
                place(required)
        ordered[one] = None

    for one in wanted:
        if one not in ordered:
            place(one)
    among = set(wanted)
    return tuple(one for one in ordered if one in among)


class UnknownIdError(UsageError):
    """An id or prefix that names no check."""


def matching(catalogue: Sequence[Check], patterns: Iterable[str]) -> set[Check]:
    """The checks whose id is, or begins with, one of the patterns.

    Args:
        catalogue: All checks.
        patterns: Ids or prefixes, such as `T04` or `T`; case does not matter.

    Raises:
        UnknownIdError: If a pattern matches nothing.
    """
    found: set[Check] = set()
    for pattern in patterns:
        hits = {c for c in catalogue if c.id.startswith(pattern.upper())}
        if not pattern or not hits:
            known = ", ".join(sorted({c.id[0] for c in catalogue}))
            raise UnknownIdError(
                f"no check is called {pattern!r}: give an id such as {catalogue[0].id}, "
                f"or a family ({known}); --list prints them all"
            )
        found |= hits
    return found


def with_requirements(checks: Iterable[Check]) -> set[Check]:
    """The checks and, transitively, all that they require."""
    closed: set[Check] = set()
    waiting = list(checks)
    while waiting:
        one = waiting.pop()
        if one not in closed:
            closed.add(one)
            waiting.extend(one.requires)
    return closed
