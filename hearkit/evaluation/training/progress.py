"""What both engines do around their trainings: follow them, time them, leave PyTorch as it was."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from ..outcome import Tell


class Stopped(Exception):  # noqa: N818 - nobody is told: another error is under way
    """A training ends because another one failed, or Ctrl-C was pressed."""


class Progress:
    """Follows the trainings of an evaluation, several at once where threads share it.

    Args:
        tell: Told of each unit of work; None for nobody.
        device: Device of the heads, whose work is waited for before time is taken.

    Attributes:
        total: Units of work.
        done: Units that are done.
        seconds: Seconds by stage, those of all threads added up.
    """

    def __init__(self, tell: Tell | None, device: str) -> None:
        self._tell = tell
        self._device = torch.device(device)
        self.total = self.done = 0
        self.seconds: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._stopped = False

    def say(self, what: str, done: int = 0) -> None:
        """Name the present unit of work, and count those that were done meanwhile."""
        with self._lock:
            self.done += done
            if self._tell:
                self._tell(self.done, self.total, what)

    def stop(self) -> None:
        """Let all trainings end at their next stage."""
        self._stopped = True

    def add(self, seconds: Mapping[str, float]) -> None:
        """Count the time of a part that was computed elsewhere."""
        with self._lock:
            for stage, some in seconds.items():
                self.seconds[stage] += some

    @property
    def is_stopped(self) -> bool:
        """Whether no further stage is wanted."""
        return self._stopped

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """A context whose time counts for a stage.

        Raises:
            Stopped: If no further stage is wanted.
        """
        if self._stopped:
            raise Stopped
        start = time.perf_counter()
        try:
            yield
        finally:
            if self._device.type == "cuda":
                torch.cuda.synchronize(self._device)
            with self._lock:
                self.seconds[stage] += time.perf_counter() - start


@contextmanager
def pytorch_restored(device: str) -> Iterator[None]:
    """A context after which PyTorch's generators and number of threads are as before."""
    threads = torch.get_num_threads()
    devices = [device] if torch.device(device).type == "cuda" else []
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        torch.set_num_threads(threads)
