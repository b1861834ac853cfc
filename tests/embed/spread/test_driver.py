"""Who gets which recordings, and what becomes of those whose worker ends; without Ray."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hearkit.embed.counts import Counts
from hearkit.embed.jobs import Job
from hearkit.embed.results import NpzFiles
from hearkit.embed.spread import driver, waiting
from hearkit.embed.spread.messages import Failed, Opened, Refused, Report
from hearkit.embed.spread.workers import Event, Worker
from hearkit.embed.standing import Judge, Standing
from hearkit.errors import HearError, LostError, OutputError, UsageError

JOBS = [Job(f"in/{n}.wav", Path("out"), f"{n}.wav") for n in range(300)]

Answer = Report | None


class FakePool:
    """Workers that answer in turns, in this thread.

    Args:
        behave: What a worker answers to jobs; None if it ends.
        nodes: Number of workers, each on a node of its own.
    """

    def __init__(self, behave: Callable[[Worker, list[Job]], Answer], nodes: int = 2) -> None:
        self.behave = behave
        self.nodes = [f"node{n}" for n in range(nodes)]
        self.gone: set[str] = set()
        self.live: dict[str, Worker] = {}
        self.opening: dict[str, Opened | Refused] = {}
        self.calls: deque[tuple[Worker, int, list[Job] | None]] = deque()
        self.most_calls = 0
        self.told: list[list[str]] = []
        self.unflushed: dict[Worker, list[str]] = {}

    @property
    def is_empty(self) -> bool:
        return not self.nodes

    def grow(self) -> None:
        for node in self.nodes:
            if node not in self.live:
                self.live[node] = worker = Worker(node, node, None)
                self.calls.append((worker, 0, None))

    def workers(self) -> Iterator[Worker]:
        return (worker for worker in self.live.values() if worker.is_open)

    def ask(self, worker: Worker, call: int, method: str, *arguments: Any) -> None:
        assert method in ("embed", "flush")
        self.calls.append((worker, call, arguments[0] if method == "embed" else []))
        self.most_calls = max(self.most_calls, sum(one[0] is worker for one in self.calls))

    def events(self, seconds: float) -> Iterator[Event]:  # noqa: ARG002
        worker, call, jobs = self.calls.popleft()
        if jobs is None:
            answer = self.opening.get(worker.node, Opened("key", {}))
            worker.is_open = isinstance(answer, Opened)
            yield Event(worker, answer)
            return
        if not jobs:
            yield Event(worker, Report(kept=self.unflushed.pop(worker, [])), call)
            return
        self.told.append([job.name for job in jobs])
        report = self.behave(worker, jobs)
        if report is None:
            del self.live[worker.node]
            self.calls = deque(one for one in self.calls if one[0] is not worker)
            self.unflushed.pop(worker, None)
        yield Event(worker, report, call, "it was killed", worker.node in self.gone)

    def exclude(self, worker: Worker) -> None:
        self.nodes.remove(worker.node)
        self.live.pop(worker.node, None)
        self.calls = deque(one for one in self.calls if one[0] is not worker)


class Outcome:
    """What a run has given."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.lines: list[str] = []
        self.done = 0


def spread(pool: FakePool, jobs: list[Job] | None = None) -> Outcome:
    found = Outcome()

    def tell(line: str, _: HearError | None) -> None:
        found.lines.append(line)

    def done(count: int) -> None:
        found.done += count

    given = JOBS if jobs is None else jobs
    found.counts = driver.run(given, pool, NpzFiles(), 4, done=done, tell=tell)
    assert found.done == len(given)
    return found


def kept(_: Worker, jobs: list[Job]) -> Report:
    return Report(kept=[job.name for job in jobs], audio_s=1.0, spent={"computing": 0.5})


def test_every_recording_is_given_once_and_few_at_a_time() -> None:
    pool = FakePool(kept, 3)
    found = spread(pool)
    assert str(found.counts) == "embedded 300, already there 0, failed 0"
    assert sorted(name for call in pool.told for name in call) == sorted(j.name for j in JOBS)
    assert pool.most_calls == 2
    assert max(map(len, pool.told)) <= 64
    assert len(pool.told[-1]) <= 4  # so that all end at about the same time
    assert found.counts.audio_s == len(pool.told)
    assert found.counts.spent.computing == pytest.approx(0.5 * len(pool.told))


def test_what_a_killed_worker_held_goes_to_others() -> None:
    n_calls = 0

    def killed_once(worker: Worker, jobs: list[Job]) -> Answer:
        nonlocal n_calls
        n_calls += 1
        return None if n_calls == 3 else kept(worker, jobs)

    pool = FakePool(killed_once)
    found = spread(pool)
    assert str(found.counts) == "embedded 300, already there 0, failed 0"
    (line,) = found.lines
    assert line.startswith("a worker on node")
    assert " ended: it was killed; " in line
    assert line.endswith(" recordings go to others")
    again = Counter(name for call in pool.told for name in call)
    assert set(again.values()) == {1, 2}
    assert {len(call) for call in pool.told if again[call[0]] == 2} > {1}  # later one by one


def test_a_recording_that_kills_two_workers_is_skipped_and_said() -> None:
    def killing(worker: Worker, jobs: list[Job]) -> Answer:
        return None if any(job.name == "77.wav" for job in jobs) else kept(worker, jobs)

    pool = FakePool(killing)
    found = spread(pool)
    assert str(found.counts) == "embedded 299, already there 0, failed 1"
    assert "in/77.wav: two workers ended while they embedded it; skipped" in found.lines
    assert sum("77.wav" in call for call in pool.told) == 2
    assert ["77.wav"] in pool.told
    assert sum("to others" in line for line in found.lines) == 1  # not the second time


def test_a_node_that_goes_is_no_recordings_fault() -> None:
    deaths = Counter[str]()

    def dying(worker: Worker, jobs: list[Job]) -> Answer:
        if any(job.name == "5.wav" for job in jobs) and deaths["5.wav"] < 4:
            deaths["5.wav"] += 1
            return None
        return kept(worker, jobs)

    pool = FakePool(dying)
    pool.gone = {"node0", "node1"}
    found = spread(pool)
    assert str(found.counts) == "embedded 300, already there 0, failed 0"
    assert deaths["5.wav"] == 4


def test_results_that_were_not_complete_are_made_again() -> None:
    """As parts of Parquet, which a worker completes now and then."""
    n_calls = 0

    def slowly(worker: Worker, jobs: list[Job]) -> Answer:
        nonlocal n_calls
        n_calls += 1
        if n_calls == 5:
            return None
        pool.unflushed.setdefault(worker, []).extend(job.name for job in jobs)
        return Report(kept=pool.unflushed.pop(worker) if n_calls % 4 == 0 else [])

    pool = FakePool(slowly)
    found = spread(pool)
    assert str(found.counts) == "embedded 300, already there 0, failed 0"
    again = Counter(name for call in pool.told for name in call)
    assert set(again.values()) == {1, 2}


def test_what_a_worker_had_finished_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    finished: set[str] = set()

    def looking(*_: Any) -> Judge:
        return lambda job, _=None: Standing(is_current=job.name in finished)

    def killed(worker: Worker, jobs: list[Job]) -> Answer:
        if finished:
            return kept(worker, jobs)
        finished.update(job.name for job in jobs[:-1])
        return None

    monkeypatch.setattr(waiting, "standing_of", looking)
    pool = FakePool(killed, 1)
    found = spread(pool)
    assert str(found.counts) == "embedded 300, already there 0, failed 0"
    again = Counter(name for call in pool.told for name in call)
    assert all(again[name] == 1 for name in finished)


def test_what_is_there_is_given_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def looking(*_: Any) -> Judge:
        return lambda job, _=None: Standing(is_current=job.name != "7.wav")

    monkeypatch.setattr(waiting, "standing_of", looking)
    pool = FakePool(kept)
    assert str(spread(pool).counts) == "embedded 1, already there 299, failed 0"
    assert pool.told == [["7.wav"]]


def test_a_node_that_joins_late_gets_work() -> None:
    def joined(worker: Worker, jobs: list[Job]) -> Answer:
        if len(pool.told) == 2:
            pool.nodes.append("late")
        by.update({worker.node: len(jobs)})
        return kept(worker, jobs)

    by = Counter[str]()
    pool = FakePool(joined, 1)
    assert spread(pool).counts.embedded == 300
    assert by["late"] > 20


def test_failures_and_remarks_are_told() -> None:
    def failing(_: Worker, jobs: list[Job]) -> Answer:
        failed = [Failed(j.name, f"{j.source}: is empty", "trace") for j in jobs if "9" in j.name]
        return Report(
            failed, [j.name for j in jobs if "9" not in j.name], [f"{jobs[0].source}: is loud"]
        )

    pool = FakePool(failing)
    found = spread(pool, JOBS[:20])
    assert str(found.counts) == "embedded 18, already there 0, failed 2"
    assert {"in/9.wav: is empty", "in/19.wav: is empty", "in/0.wav: is loud"} <= set(found.lines)


def test_a_node_with_another_model_is_not_used_and_said() -> None:
    pool = FakePool(kept, 3)
    pool.opening["node1"] = Opened("other", {})
    found = spread(pool)
    assert found.counts.embedded == 300
    (line,) = found.lines
    assert line.startswith("node node1 is not used: it has other code, weights or libraries")


def test_a_node_that_cannot_load_the_model_is_not_used_and_said() -> None:
    pool = FakePool(kept)
    pool.opening["node0"] = Refused("UsageError", "there is no module 'tiny'")
    found = spread(pool)
    assert found.counts.embedded == 300
    assert found.lines == ["node node0 is not used: there is no module 'tiny'"]


def test_where_no_node_can_load_the_model_the_run_ends() -> None:
    pool = FakePool(kept, 1)
    pool.opening["node0"] = Refused("UsageError", "there is no module 'tiny'")
    with pytest.raises(UsageError, match="there is no module 'tiny'"):
        spread(pool)


def test_a_model_that_is_lost_on_one_node_goes_on_with_the_others() -> None:
    def lost(worker: Worker, jobs: list[Job]) -> Answer:
        if worker.node == "node0" and len(pool.told) > 3:
            return Report(stopped=Refused("LostError", "tiny cannot be loaded again"))
        return kept(worker, jobs)

    pool = FakePool(lost)
    found = spread(pool)
    assert str(found.counts) == "embedded 300, already there 0, failed 0"
    assert found.lines == ["node node0 is not used: tiny cannot be loaded again"]
    pool = FakePool(lost, 1)
    with pytest.raises(LostError, match="cannot be loaded again"):
        spread(pool)


def test_results_that_cannot_be_written_end_the_run() -> None:
    def full(_: Worker, jobs: list[Job]) -> Answer:  # noqa: ARG001
        return Report(stopped=Refused("OutputError", "out: no space left"))

    with pytest.raises(OutputError, match="no space left"):
        spread(FakePool(full))
