"""How far a run is: a bar on a terminal, lines now and then elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .counts import Counts, Tell

_LINE_S = 60.0
"""Seconds between two lines of `--verbose` where there is no terminal."""


class Pace:
    """How fast a run is, and how long it will take.

    Args:
        counts: What became of the jobs so far.
        total: Number of jobs.
    """

    def __init__(self, counts: Counts, total: int) -> None:
        self._counts = counts
        self._total = total
        self._begin = time.monotonic()

    @property
    def rates(self) -> str:
        """Recordings and seconds of audio that are embedded a second."""
        seconds = max(time.monotonic() - self._begin, 1e-3)
        counts = self._counts
        return (
            f"{counts.embedded / seconds:.3g} recordings and {counts.audio_s / seconds:.0f} s of "
            "audio a second"
        )

    @property
    def line(self) -> str:
        """All of it."""
        counts = self._counts
        n_made = counts.embedded + counts.failed
        n_done = n_made + counts.current
        seconds = time.monotonic() - self._begin
        left = (self._total - n_done) * seconds / n_made if n_made else None
        failed = f", {counts.failed} failed" if counts.failed else ""
        rest = f", {_duration(left)} left" if left is not None else ""
        return f"{n_done} of {self._total}{failed}; {self.rates}{rest}"


def _duration(seconds: float) -> str:
    """Such as `2 h 5 min`."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@contextlib.contextmanager
def followed(
    command: str, name: str, pace: Pace, total: int, *, debug: bool, verbose: bool
) -> Iterator[tuple[Callable[[int], None], Tell]]:
    """What follows a run: functions that take the number of jobs dealt with, and lines.

    Args:
        command: What lines begin with.
        name: The module's name.
        pace: How fast the run is.
        total: Number of jobs.
        debug: Whether tracebacks are shown.
        verbose: Whether lines tell the progress where there is no terminal.
    """
    from rich.progress import BarColumn, TextColumn

    from ..bar import bar, teller

    progress = bar(
        TextColumn(f"embedding with {name}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[pace].line}", markup=False),
    )
    tell = teller(progress.console, command, debug=debug)
    told = time.monotonic()

    def done(count: int) -> None:
        nonlocal told
        progress.update(task, advance=count)
        if verbose and progress.disable and time.monotonic() - told >= _LINE_S:
            told = time.monotonic()
            tell(pace.line, None)

    with progress:
        task = progress.add_task("", total=total, pace=pace)
        yield done, tell
