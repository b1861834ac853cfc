"""Actors on the nodes of a Ray: one a GPU, or a few on a node without."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...errors import LostError
from .actor import ModelActor
from .messages import Opened, Refused, Setup
from .workers import Event, Worker

_CORES = 8
"""Cores of an actor on a CPU: beyond so many, frameworks gain little."""

_AT_ONCE = 4
"""Calls that run in an actor: two that embed, one that completes, one to spare."""

_LOOK_S = 1.0
"""Seconds between two looks at nodes, of which there may be hundreds."""

_PAUSE_S = 0.1
"""Seconds between two looks at nodes while there is no worker at all."""

_LACKING = re.compile(r"No module named '[\w.]+'|Can't get attribute '\w+'")
"""What is said on a node where what Ray hands over cannot be loaded."""

_MOST_STARTS = 3
"""Times that an actor may end on a node before it has loaded the model."""


@dataclass
class _Node:
    """What runs on a node."""

    n_actors: int
    failed_starts: int = 0
    workers: list[Worker] = field(default_factory=list)


class RayPool:
    """The actors of a run.

    Args:
        ray: The module `ray`, connected.
        actor: The class of the actors, made of the setup and of their number on a node; has `open`
            and `close`.
        setup: What an actor needs to know.
        tell: Takes a line on something that the user should know.
    """

    def __init__(
        self, ray: Any, actor: type[ModelActor], setup: Setup, tell: Callable[[str], None]
    ) -> None:
        self._ray = ray
        self._setup = setup
        self._tell = tell
        self._nodes: dict[str, _Node] = {}
        self._excluded: set[str] = set()
        self._calls: dict[Any, tuple[Worker, int]] = {}
        self._next_look = 0.0
        self._class = ray.remote(max_restarts=0, max_concurrency=_AT_ONCE)(actor)

    def grow(self) -> None:
        """Start actors on nodes that have joined, and anew where one has ended.

        Raises:
            LostError: If there is no node that can have one.
        """
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK_S
        alive = {node["NodeID"]: node for node in self._ray.nodes() if node["Alive"]}
        for gone in self._nodes.keys() - alive.keys():
            del self._nodes[gone]
        wants_gpu = self._wants_gpu(list(alive.values()))
        for id_, facts in alive.items():
            if id_ in self._excluded:
                continue
            n_gpus, n_cpus = (int(facts["Resources"].get(kind, 0)) for kind in ("GPU", "CPU"))
            n_actors = n_gpus if wants_gpu else max(1, n_cpus // _CORES) if n_cpus else 0
            if not n_actors:
                continue
            node = self._nodes.setdefault(id_, _Node(n_actors))
            while len(node.workers) < node.n_actors:
                self._start(id_, facts["NodeManagerAddress"], node, n_cpus, gpu=wants_gpu)
        if not self._nodes:
            kind = "a GPU" if wants_gpu else "a CPU"
            raise LostError(f"no node of the Ray with {kind} can be used")

    def _wants_gpu(self, nodes: list[Any]) -> bool:
        """Whether actors take GPUs: where there is one, or one is asked for."""
        device = self._setup.submission.device
        return device == "cuda" or (device == "auto" and has_gpu(nodes))

    def _start(self, id_: str, where: str, node: _Node, n_cpus: int, *, gpu: bool) -> None:
        on_node = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        handle = self._class.options(
            num_cpus=n_cpus // node.n_actors,
            num_gpus=1 if gpu else 0,
            scheduling_strategy=on_node(id_, soft=False),
        ).remote(self._setup, node.n_actors)
        worker = Worker(id_, where, handle)
        node.workers.append(worker)
        self._calls[handle.open.remote()] = worker, 0

    @property
    def is_empty(self) -> bool:
        """Whether no node is left."""
        return not self._nodes

    def workers(self) -> Iterator[Worker]:
        """Those that have loaded the model."""
        return (w for node in self._nodes.values() for w in node.workers if w.is_open)

    def ask(self, worker: Worker, call: int, method: str, *arguments: Any) -> None:
        """Call a method of a worker; the answer comes as an event."""
        self._calls[getattr(worker.handle, method).remote(*arguments)] = worker, call

    def events(self, seconds: float) -> Iterator[Event]:
        """What has happened; waits for something, so long at most."""
        if not self._calls:
            time.sleep(min(seconds, _PAUSE_S))
            return
        ready, _ = self._ray.wait(list(self._calls), num_returns=1, timeout=seconds)
        if ready:
            ready, _ = self._ray.wait(list(self._calls), num_returns=len(self._calls), timeout=0)
        for reference in ready:
            # The loss of a worker takes its other calls along.
            if reference in self._calls:
                yield self._event(reference)

    def _event(self, reference: Any) -> Event:
        worker, call = self._calls.pop(reference)
        errors = self._ray.exceptions
        try:
            answer = self._ray.get(reference)
        except errors.RayError as error:
            if call == 0 and (why := lacking(error)):
                return Event(worker, Refused("UsageError", why))
            if isinstance(error, errors.RayTaskError):
                raise  # a mistake of ours
            return self._lost(worker, call, error)
        if isinstance(answer, Opened):
            worker.is_open = True
        return Event(worker, answer, call)

    def _lost(self, worker: Worker, call: int, error: Exception) -> Event:
        """A worker that has ended, or cannot be reached, and is ended for that."""
        with contextlib.suppress(Exception):
            self._ray.kill(worker.handle)
        self._calls = {ref: one for ref, one in self._calls.items() if one[0] is not worker}
        alive = {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}
        is_nodes = worker.node not in alive
        node = self._nodes.get(worker.node)
        if node is not None:
            node.workers.remove(worker)
            if not worker.is_open and not is_nodes:
                node.failed_starts += 1
                if node.failed_starts >= _MOST_STARTS:
                    self.exclude(worker)
                    self._tell(
                        f"node {worker.where} is not used: its worker ended {_MOST_STARTS} times "
                        "while it loaded the model"
                    )
        return Event(worker, None, call, reason(error, is_nodes=is_nodes), is_nodes)

    def exclude(self, worker: Worker) -> None:
        """Use a worker's node no more."""
        self._excluded.add(worker.node)
        node = self._nodes.pop(worker.node, None)
        for one in node.workers if node is not None else ():
            with contextlib.suppress(Exception):
                self._ray.kill(one.handle)
            self._calls = {ref: w for ref, w in self._calls.items() if w[0] is not one}

    def close(self) -> None:
        """End all workers, and the modules' processes before them."""
        closing = [worker.handle.close.remote() for worker in self.workers()]
        if closing:
            self._ray.wait(closing, num_returns=len(closing), timeout=10)
        for worker in [worker for node in self._nodes.values() for worker in node.workers]:
            with contextlib.suppress(Exception):
                self._ray.kill(worker.handle)  # gives back its cores


def lacking(error: BaseException) -> str:
    """What a node lacks, where it could not load what it was to do; "" for any other error."""
    # Nothing of ours runs there that could say so.
    found = _LACKING.search(str(error))
    what = "it has not the packages of the machine of the command"
    return f"{what} ({found[0]}); install the same on both" if found else ""


def has_gpu(nodes: list[Any]) -> bool:
    """Whether a node has a GPU, by what `ray.nodes` tells."""
    return any(node["Alive"] and node["Resources"].get("GPU", 0) >= 1 for node in nodes)


def reason(error: BaseException, *, is_nodes: bool) -> str:
    """Why a worker has ended, as far as that is known."""
    if is_nodes:
        return "its node is gone"
    # Ray names a lack of memory as one of several guesses, too, where a process was killed.
    if type(error).__name__ == "OutOfMemoryError" or "memory monitor" in str(error):
        return "its node had no memory left"
    return "its process is gone"
