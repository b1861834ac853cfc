"""What became of the jobs, while they run and afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import HearError
from .jobs import Job
from .spent import Spent

Tell = Callable[[str, HearError | None], None]


@dataclass
class Counts:
    """What became of the jobs, and of the time.

    Attributes:
        embedded: Number of jobs whose results were made.
        current: Number of jobs whose results were there.
        failed: Number of jobs that failed.
        audio_s: Seconds of audio that were embedded.
        spent: Where the time went.
    """

    embedded: int = 0
    current: int = 0
    failed: int = 0
    audio_s: float = 0.0
    spent: Spent = field(default_factory=Spent)

    def __str__(self) -> str:
        """The last line that the command prints."""
        return f"embedded {self.embedded}, already there {self.current}, failed {self.failed}"


@dataclass(frozen=True)
class Follow:
    """How a caller follows what becomes of jobs.

    Attributes:
        failed: Takes a job that has failed, and why.
        written: Takes a job whose result is written.
        tell: Takes one line on something odd.
        spent: Is told where the time went.
    """

    failed: Callable[[Job, HearError], None]
    written: Callable[[Job, float], None]
    tell: Tell
    spent: Spent
