"""Global state that belongs to the caller: random generators, defaults, flags, folders."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import numpy as np

from .. import frameworks

State = dict[str, Any]
"""Settings by name; names of generators begin with `rng`."""


def seed(number: int) -> None:
    """Seed all global generators."""
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002 - the global state is what is meant
    for framework in frameworks.imported():
        framework.seed(number)


def random_state() -> dict[str, str]:
    """A digest of each global generator's state."""
    return {
        name: hashlib.sha256(repr(setting).encode()).hexdigest()
        for name, setting in state().items()
        if name.startswith("rng")
    }


def state() -> State:
    """All global state that is looked at, comparable with `==`."""
    numpy_state: Any = np.random.get_state(legacy=True)  # noqa: NPY002 - the global state is meant
    found: State = {
        "rng random": random.getstate(),
        "rng numpy": (numpy_state[0], numpy_state[1].tobytes(), *numpy_state[2:]),
        "working directory": _working_directory(),
    }
    for framework in frameworks.imported():
        found |= framework.state()
    return found


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "(deleted)"


def changes(before: State, after: State, *, importing: bool) -> list[tuple[str, str]]:
    """Effects on global state. What an import brought in is compared with its fresh state."""
    if importing:
        for framework in frameworks.imported():
            before = framework.fresh_state() | before
        before, after = _undrawn(before), _undrawn(after)
    found = []
    for name in before:
        if name in after and before[name] != after[name]:
            if name.startswith("rng"):
                found += [("rng", who) for who in _who_drew(name, before[name], after[name])]
            else:
                what = f"{before[name]} -> {after[name]}"
                found.append((name.partition(" (")[0], what))
    return found


def _who_drew(name: str, before: Any, after: Any) -> list[str]:
    for framework in frameworks.imported():
        if name == f"rng {framework.NAME}":
            return framework.who_drew(before, after)
    return [name]


def _undrawn(found: State) -> State:
    """The state without how much was drawn from Python's generator.

    Libraries draw a number or two while they are imported (rich does, and Keras imports it).
    """
    _, words, _ = found["rng random"]
    return found | {"rng random": words[:-1]}
