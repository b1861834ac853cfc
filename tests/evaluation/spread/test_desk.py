"""Batches from several threads, actors that answer or end; without Ray."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from hearkit.embed.key import Later
from hearkit.embed.spread.messages import Refused
from hearkit.embed.spread.workers import Event, Worker
from hearkit.errors import HearError, LostError, TaskError
from hearkit.evaluation.embeddings.clips import Clips, Part
from hearkit.evaluation.spread.actor import OpenedModel, Rows
from hearkit.evaluation.spread.desk import Desk
from hearkit.evaluation.spread.model import SpreadModel

MODEL = OpenedModel("key", {}, "tiny", "", 16000, 3, 3)

Behave = Callable[[Worker, Clips], Any]


def batch(*names: str) -> Clips:
    return Clips(names, names, 16000, False)


def rows(_: Worker, clips: Clips) -> Rows:
    """The first letter of each recording as its row."""
    values = [np.full((1, 3), ord(path[0]), np.float32) for path in clips.paths]
    later = (Later("module/a", f"/{clips.paths[0]}", "d"),)
    return Rows([Part(list(range(len(values))), values, None)], [], later)


class FakePool:
    """Actors that answer one after the other; None ends them."""

    def __init__(self, behave: Behave, nodes: int = 2) -> None:
        self.behave = behave
        self.nodes = [f"node{n}" for n in range(nodes)]
        self.live: dict[str, Worker] = {}
        self.calls: deque[tuple[Worker, int, Clips | None]] = deque()
        self.seen: list[Clips] = []
        self.opening: dict[str, Any] = {}
        self.nodes_end = False

    @property
    def is_empty(self) -> bool:
        return not self.nodes

    def grow(self) -> None:
        if not self.nodes:
            raise LostError("no node can be used")
        for node in self.nodes:
            if node not in self.live:
                self.live[node] = worker = Worker(node, node, None)
                self.calls.append((worker, 0, None))

    def workers(self) -> Iterator[Worker]:
        return (worker for worker in self.live.values() if worker.is_open)

    def ask(self, worker: Worker, call: int, method: str, *arguments: Any) -> None:
        assert method == "embed"
        self.calls.append((worker, call, arguments[0]))

    def events(self, seconds: float) -> Iterator[Event]:
        if not self.calls:
            threading.Event().wait(min(seconds, 0.001))
            return
        worker, call, clips = self.calls.popleft()
        if clips is None:
            answer = self.opening.get(worker.node, MODEL)
            worker.is_open = isinstance(answer, OpenedModel)
            yield Event(worker, answer)
            return
        self.seen.append(clips)
        answer = self.behave(worker, clips)
        if answer is None:
            del self.live[worker.node]
            self.calls = deque(one for one in self.calls if one[0] is not worker)
        yield Event(worker, answer, call, "its process is gone", self.nodes_end)

    def exclude(self, worker: Worker) -> None:
        self.nodes.remove(worker.node)
        self.live.pop(worker.node, None)
        self.calls = deque(one for one in self.calls if one[0] is not worker)


class Asking:
    """A desk, and threads that ask at it."""

    def __init__(self, pool: FakePool) -> None:
        self.lines: list[str] = []
        self.pool = pool
        self.desk = Desk(pool, self.tell)
        self.failures: list[str] = []

    def tell(self, line: str, _: HearError | None) -> None:
        self.lines.append(line)

    def embed(self, *tasks: list[Clips]) -> list[list[list[Part]]]:
        """What each task is answered, all of them asking at once."""
        self.desk.run(lambda: self.desk.model is not None)
        self.model = SpreadModel(MODEL, self.desk)
        found: dict[int, Any] = {}

        def ask(at: int) -> None:
            try:
                found[at] = list(self.model.embed(tasks[at], self.failures))
            except HearError as error:
                found[at] = error

        threads = [threading.Thread(target=ask, args=(at,)) for at in range(len(tasks))]
        for thread in threads:
            thread.start()
        try:
            self.desk.run(lambda: not any(thread.is_alive() for thread in threads))
        finally:
            for thread in threads:
                thread.join(10)
            self.found = found
        for one in found.values():
            if isinstance(one, HearError):
                raise one
        return [found[at] for at in range(len(tasks))]


def letters(answers: list[list[Part]]) -> str:
    """Rows in the order of the recordings of each batch."""
    told = ""
    for parts in answers:
        by_place = {
            place: row
            for part in parts
            for place, row in zip(part.places, part.embeddings, strict=True)
        }
        told += "".join(chr(int(by_place[place][0, 0])) for place in sorted(by_place)) + " "
    return told.strip()


TASK = [batch("a", "b"), batch("c"), batch("d", "e", "f"), batch("g"), batch("h"), batch("i")]
OTHER = [batch("u", "v"), batch("w"), batch("x")]


def test_answers_come_in_the_order_of_the_batches_of_each_task() -> None:
    asking = Asking(FakePool(rows, 3))
    one, other = asking.embed(TASK, OTHER)
    assert letters(one) == "ab c def g h i"
    assert letters(other) == "uv w x"
    assert sorted(clips.paths for clips in asking.pool.seen) == sorted(
        clips.paths for clips in (*TASK, *OTHER)
    )
    assert {later.place for later in asking.model.later} == {
        f"/{b.paths[0]}" for b in (*TASK, *OTHER)
    }
    assert asking.lines == asking.failures == []


def test_a_batch_whose_worker_ends_is_embedded_again_as_it_was() -> None:
    deaths = Counter[str]()

    def ends_once(worker: Worker, clips: Clips) -> Any:
        deaths["d"] += "d" in clips.paths
        return None if "d" in clips.paths and deaths["d"] == 1 else rows(worker, clips)

    asking = Asking(FakePool(ends_once))
    assert letters(asking.embed(TASK)[0]) == "ab c def g h i"
    assert [clips.paths for clips in asking.pool.seen].count(("d", "e", "f")) == 2
    (line,) = asking.lines
    assert line.startswith("a worker on node")
    assert line.endswith("go to others")
    assert asking.failures == []


def test_the_recording_that_ends_workers_is_found_and_said() -> None:
    def ends(worker: Worker, clips: Clips) -> Any:
        return None if "e" in clips.paths else rows(worker, clips)

    asking = Asking(FakePool(ends))
    assert letters(asking.embed(TASK)[0]) == "ab c df g h i"
    assert asking.failures == ["e: several workers ended while they embedded it"]
    with_e = [clips.paths for clips in asking.pool.seen if "e" in clips.paths]
    assert with_e == [("d", "e", "f"), ("d", "e", "f"), ("e",)]
    assert sum("to others" in line for line in asking.lines) == 2  # not what is given up


def test_a_node_that_goes_is_no_recordings_fault() -> None:
    deaths = Counter[str]()

    def ends(worker: Worker, clips: Clips) -> Any:
        deaths["d"] += "d" in clips.paths
        return None if "d" in clips.paths and deaths["d"] < 5 else rows(worker, clips)

    asking = Asking(FakePool(ends))
    asking.pool.nodes_end = True
    assert letters(asking.embed(TASK)[0]) == "ab c def g h i"
    assert asking.failures == []


def test_a_recording_that_cannot_be_read_is_its_tasks_fault_alone() -> None:
    def refuses(worker: Worker, clips: Clips) -> Any:
        if "w" in clips.paths:
            return Refused("TaskError", "w: is no audio; replace it")
        return rows(worker, clips)

    asking = Asking(FakePool(refuses))
    with pytest.raises(TaskError, match="w: is no audio"):
        asking.embed(TASK, OTHER)
    assert letters(asking.found[0]) == "ab c def g h i"


def test_a_node_that_loses_the_model_is_left_and_the_last_one_ends_the_run() -> None:
    def loses(worker: Worker, clips: Clips) -> Any:
        if worker.node == "node0":
            return Refused("LostError", "tiny cannot be loaded again")
        return rows(worker, clips)

    asking = Asking(FakePool(loses))
    assert letters(asking.embed(TASK)[0]) == "ab c def g h i"
    assert asking.lines == ["node node0 is not used: tiny cannot be loaded again"]
    with pytest.raises(LostError, match="cannot be loaded again"):
        Asking(FakePool(loses, 1)).embed(TASK)


def test_nodes_that_cannot_load_the_model_or_have_another_one_are_not_used_and_said() -> None:
    asking = Asking(FakePool(rows, 3))
    asking.pool.opening["node1"] = Refused("UsageError", "there is no module 'tiny'")
    asking.pool.opening["node2"] = OpenedModel("other", {}, "tiny", "", 16000, 3, 3)
    assert letters(asking.embed(TASK)[0]) == "ab c def g h i"
    assert asking.lines[0] == "node node1 is not used: there is no module 'tiny'"
    assert asking.lines[1].startswith("node node2 is not used: it has other code, weights")


def test_an_interrupt_answers_whoever_waits() -> None:
    def interrupted(_: Worker, clips: Clips) -> Any:  # noqa: ARG001
        raise KeyboardInterrupt

    asking = Asking(FakePool(interrupted))
    with pytest.raises(KeyboardInterrupt):
        asking.embed(TASK, OTHER)
    assert [str(asking.found[n]) for n in (0, 1)] == ["the run has ended"] * 2
    with pytest.raises(LostError, match="has ended"):
        asking.desk.ask("embed", batch("a")).result(1)


def test_a_desk_that_is_closed_answers_whoever_waits() -> None:
    desk = Asking(FakePool(rows)).desk
    waits = desk.ask("embed", batch("a"))
    desk.close()
    for answer in (waits, desk.ask("embed", batch("b"))):
        with pytest.raises(LostError, match="has ended"):
            answer.result(1)
