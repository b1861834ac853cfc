"""Trainings that do not depend on each other, next to each other in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, CancelledError, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def each(
    function: Callable[[T], R], items: Sequence[T], n_threads: int, stop: Callable[[], None]
) -> list[R]:
    """What a function returns for each item, in the order of the items.

    PyTorch computes outside of Python's lock, and two products with a thread each take less time
    than one after the other with two: no thread waits for another one within a product.

    Args:
        function: What to do; it returns soon after `stop` was called.
        items: What with.
        n_threads: Items worked on at once.
        stop: Called where one has failed, or Ctrl-C was pressed.

    Raises:
        Exception: The first that the function has raised.
    """
    if min(n_threads, len(items)) <= 1:
        return [function(item) for item in items]
    failed = threading.Event()

    def begin(item: T) -> R:
        if failed.is_set():  # a thread is free before its failure is seen here
            raise CancelledError
        try:
            return function(item)
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(n_threads, thread_name_prefix="hear-heads") as threads:
        futures = [threads.submit(begin, item) for item in items]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in done:
                with suppress(CancelledError):
                    future.result()
            return [future.result() for future in futures]
        except BaseException:
            stop()
            threads.shutdown(wait=False, cancel_futures=True)
            raise
