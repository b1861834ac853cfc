"""The progress of several tasks at once, as that of one run."""

from __future__ import annotations

import threading

from .outcome import Tell


class Together:
    """Adds up the progress of tasks.

    Args:
        tell: Follows the run.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._tasks: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def tell(self, task: str) -> Tell:
        """What follows one of the tasks."""

        def tell(done: int, total: int, what: str) -> None:
            with self._lock:
                self._tasks[task] = done, total
                all_done, all_total = map(sum, zip(*self._tasks.values(), strict=True))
                self._tell(all_done, all_total, what if task in what else f"{task}: {what}")

        return tell
