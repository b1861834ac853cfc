"""Where a run's time went, so that a reader sees what bounds it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Spent:
    """Seconds by what they were spent on; any thread may add to them.

    The first group adds up to the run: one thread checks, computes, and waits for the others. The
    second is that of the readers and the writer, and overlaps with the first.

    Attributes:
        checking: Seconds of finding which results are current.
        waiting: Seconds of waiting for a sound to be read.
        computing: Seconds in the model.
        handing_over: Seconds of waiting for earlier results to be written.
        reading: Seconds of all readers together: decoding, mixing, resampling.
        writing: Seconds of the writer.
    """

    def __init__(self) -> None:
        self.checking = self.waiting = self.computing = self.handing_over = 0.0
        self.reading = self.writing = 0.0
        self._lock = threading.Lock()

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Add what the block takes to the attribute of this name."""
        start = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - start
            with self._lock:
                setattr(self, what, getattr(self, what) + seconds)

    def by_stage(self) -> dict[str, float]:
        """Seconds by attribute, to be sent elsewhere."""
        with self._lock:
            return {name: value for name, value in vars(self).items() if isinstance(value, float)}

    def add(self, stages: Mapping[str, float]) -> None:
        """Add what `by_stage` gave elsewhere."""
        with self._lock:
            for name, seconds in stages.items():
                setattr(self, name, getattr(self, name) + seconds)

    def __str__(self) -> str:
        """The line that `--verbose` prints."""
        return (
            f"computing took {self.computing:.1f} s; waited {self.waiting:.1f} s for sounds and "
            f"{self.handing_over:.1f} s for the disk; checked what was there for "
            f"{self.checking:.1f} s; meanwhile read for {self.reading:.1f} s and wrote for "
            f"{self.writing:.1f} s"
        )
