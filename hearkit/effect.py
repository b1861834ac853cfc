"""What a step of a submission did besides answering."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effect:
    """Something that a step did besides its answer, such as opening a connection."""

    kind: str
    what: str
    step: str
