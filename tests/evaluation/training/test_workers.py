"""Trainings next to each other."""

import threading
import time

import pytest

from hearkit.evaluation.training.progress import Progress, Stopped
from hearkit.evaluation.training.workers import each


def test_results_come_in_the_order_of_the_items_though_all_run_at_once() -> None:
    meeting = threading.Barrier(3, timeout=30)

    def late(n: int) -> int:
        meeting.wait()  # returns only if three threads are here
        time.sleep(0.01 * (3 - n))
        return n * n

    assert each(late, [0, 1, 2], 3, stop=pytest.fail) == [0, 1, 4]


def test_one_thread_is_the_caller() -> None:
    here = threading.get_ident()
    assert each(lambda _: threading.get_ident(), [1, 2], 1, stop=pytest.fail) == [here, here]


def test_a_failure_ends_the_others_and_is_raised() -> None:
    progress = Progress(None, "cpu")
    ended = []

    def work(n: int) -> None:
        if n == 1:
            raise ValueError("bad rows")
        try:
            while True:
                with progress.timed("training"):
                    time.sleep(0.001)
        except Stopped:
            ended.append(n)
            raise

    with pytest.raises(ValueError, match="bad rows"):
        each(work, [0, 1, 2], 2, progress.stop)
    assert ended == [0]  # the third was never begun


def test_time_and_work_of_all_threads_add_up() -> None:
    told: list[int] = []

    def tell(done: int, total: int, what: str) -> None:
        assert (total, what) == (200, "one")
        told.append(done)

    progress = Progress(tell, "cpu")
    progress.total = 200

    def work(_: int) -> None:
        for _ in range(50):
            with progress.timed("training"):
                pass
            progress.say("one", 1)

    each(work, range(4), 4, progress.stop)
    assert progress.done == 200
    assert told == list(range(1, 201))
    assert progress.seconds["training"] > 0
