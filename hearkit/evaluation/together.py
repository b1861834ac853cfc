"""Several tasks at once: who evaluates them, and their progress as that of one run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from .outcome import Tell

if TYPE_CHECKING:
    from .training.parts import Where


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Named)
R = TypeVar("R")


@dataclass(frozen=True)
class Elsewhere:
    """Who evaluates tasks where this process does not.

    Attributes:
        where: Computes the parts of an evaluation.
        at_once: Tasks that are evaluated at once.
        stop: Lets all that is under way end soon.
    """

    where: Where
    at_once: int
    stop: Callable[[], None]


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

    def ended(self, task: str) -> None:
        """Count a task as done: it was there, has failed, or is scored."""
        with self._lock:
            if task in self._tasks:
                _, total = self._tasks[task]
                self._tasks[task] = total, total


def each(
    tasks: Sequence[T], score: Callable[[T, Tell], R], tell: Tell, elsewhere: Elsewhere | None
) -> Generator[tuple[T, R], None, None]:
    """What becomes of tasks, as soon as it is known.

    Args:
        tasks: The tasks.
        score: Evaluates one; called in threads where others do the work.
        tell: Follows the run.
        elsewhere: Who does it; None for one task after the other in this process.
    """
    if elsewhere is None:
        for task in tasks:
            yield task, score(task, tell)
        return
    together = Together(tell)
    with ThreadPoolExecutor(elsewhere.at_once, thread_name_prefix="hear-task") as threads:
        futures = {threads.submit(score, task, together.tell(task.name)): task for task in tasks}
        try:
            for future in as_completed(futures):
                together.ended(futures[future].name)
                yield futures[future], future.result()
        except BaseException:
            elsewhere.stop()
            threads.shutdown(wait=False, cancel_futures=True)
            raise
