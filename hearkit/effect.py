"""Side effects of a submission's steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DATA_LOADER: Final = "a DataLoader draws the seed of its workers"
"""What an effect on a random generator says where nothing else drew from it."""


@dataclass(frozen=True)
class Effect:
    """A side effect of a step, such as opening a network connection.

    Attributes:
        kind: Kind of the effect.
        what: The effect in words.
        step: The step in words.

    Examples:
        >>> from hearkit.api import Effect
        >>> Effect("network", "connects to example.org:443", "load_model").kind
        'network'
    """

    kind: str
    what: str
    step: str
