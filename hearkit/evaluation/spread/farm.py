"""The farm: parts of evaluations become tasks of Ray, on whatever nodes have cores for them.

A part whose process or node ends is computed again; it continues from its journal. Two processes
that end while they compute one part are its fault, and the task is not scored.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ...embed.spread.messages import Refused
from ...embed.spread.pool import lacking, reason
from ...embed.spread.workers import PATIENCE_S
from ...errors import HearError, LostError, TaskError, UsageError
from ..together import Elsewhere
from ..training.parts import Site
from ..training.progress import Stopped
from .part import Begun, Ended, Order, Said, Unseen, computed, installed
from .sent import Sent

T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE = 16
"""Tasks that are evaluated at once; each may have many parts."""

_LOOK_S = 0.5
"""Seconds after which a thread looks whether the run is to end."""

_MOST_STRIKES = 2
"""Processes that may end while they compute a part, before its task is given up."""


@dataclass(eq=False)
class _Running:
    """A part that is to be computed.

    Attributes:
        at: Its place among the parts of its step.
        order: What is to be computed.
        stream: Ray's generator of what it tells.
        node: Id of its node; "" before it has begun.
        where: The node's address.
        done: Units of work that were counted.
        what: The last of them in words.
        strikes: Processes that have ended while they computed it.
    """

    at: int
    order: Order
    stream: Any = None
    node: str = ""
    where: str = ""
    done: int = 0
    what: str = ""
    strikes: int = 0


@dataclass
class _Nodes:
    """What is known of the nodes, for all threads."""

    excluded: set[str] = field(default_factory=set)
    last_sign: float = field(default_factory=time.monotonic)
    n_begun: int = 0
    is_told: bool = False


class Farm:
    """Computes parts of evaluations on the nodes of a Ray.

    Args:
        ray: The module `ray`, connected.
        folder: The folder in which the command runs.
        line: Takes a line on something that the user should know.
    """

    def __init__(
        self, ray: Any, folder: Path, line: Callable[[str, HearError | None], None]
    ) -> None:
        self._ray = ray
        self._folder = folder
        self._line = line
        self._code = installed()
        self._lock = threading.Lock()
        self._nodes = _Nodes()
        self._stopped = threading.Event()
        # What is lost is computed again from here, where it is known why.
        self._compute = ray.remote(max_retries=0)(computed)

    @property
    def elsewhere(self) -> Elsewhere:
        """The farm as a run knows it."""
        return Elsewhere(self._of, _AT_ONCE, self._stopped.set)

    def _of(self, site: Site) -> _Spread:
        return _Spread(self, site)

    def order(self, step: Callable[[Site, Any], Any], item: Any, site: Site) -> Order:
        """What a node needs to know."""
        return Order(step, item, site.plan, site.journal, site.threads, self._folder, self._code)

    def send(self, data: Any) -> Any:
        """Have something ready for all nodes."""
        return self._ray.put(Sent.of(data))

    def start(self, running: _Running, sent: Any, cores: int) -> None:
        """Begin a part on a node that has the cores free, as soon as there is one.

        Raises:
            LostError: If no node can have it.
        """
        on_gpu = running.order.plan.device != "cpu"
        kind = "GPU" if on_gpu else "CPU"
        nodes = [
            node["Resources"].get(kind, 0)
            for node in self._alive()
            if node["NodeID"] not in self._nodes.excluded
        ]
        if not any(nodes):
            raise LostError(f"no node of the Ray with a {kind} can be used")
        options: dict[str, Any] = {"num_cpus": 1, "num_gpus": 1}
        if not on_gpu:
            options = {"num_cpus": min(cores, int(max(nodes)))}
        if self._nodes.excluded:
            others = ",".join(sorted(self._nodes.excluded))
            options["label_selector"] = {"ray.io/node-id": f"!in({others})"}
        running.node, running.stream = (
            "",
            self._compute.options(**options).remote(running.order, sent),
        )

    def _alive(self) -> list[Any]:
        return [node for node in self._ray.nodes() if node["Alive"]]

    def _where(self, id_: str) -> str:
        """The address of a node."""
        found = {node["NodeID"]: node["NodeManagerAddress"] for node in self._ray.nodes()}
        return str(found.get(id_, ""))

    def wait(self, running: Sequence[_Running]) -> list[_Running]:
        """Those that have something to tell; waits for one, not for long.

        Raises:
            Stopped: If the run is to end.
        """
        if self._stopped.is_set():
            raise Stopped
        streams = {one.stream: one for one in running}
        ready, _ = self._ray.wait(list(streams), num_returns=1, timeout=_LOOK_S)
        self._look_at_patience()
        return [streams[stream] for stream in ready]

    def _look_at_patience(self) -> None:
        with self._lock:
            nodes = self._nodes
            is_late = time.monotonic() - nodes.last_sign > PATIENCE_S
            if nodes.is_told or nodes.n_begun or not is_late:
                return
            nodes.is_told = True
        self._line(
            f"nothing could begin for {PATIENCE_S:.0f} s; `ray status` tells whether others use "
            "all CPUs or GPUs",
            None,
        )

    def message(self, running: _Running) -> Any:
        """What a part tells next; None if its process or node has ended."""
        try:
            message = self._ray.get(next(running.stream))
        except self._ray.exceptions.RayTaskError as error:
            if not (why := lacking(error)):
                raise  # a mistake of ours
            return self._unseen(running, error, why)
        except (self._ray.exceptions.RayError, StopIteration) as error:
            self._lost(running, error)
            return None
        with self._lock:
            self._nodes.last_sign = time.monotonic()
            if isinstance(message, Begun):
                running.node, running.where = message.node, self._where(message.node)
                self._nodes.n_begun += 1
            elif not isinstance(message, Said):
                self._nodes.n_begun -= 1
        return message

    def _unseen(self, running: _Running, error: BaseException, why: str) -> Unseen:
        """A part that its node could not load; which node that is, Ray tells in words."""
        with self._lock:
            self._nodes.n_begun -= bool(running.node)
        at = re.search(r"\bip=([\w.:]+)", str(error))
        for node in self._alive():
            is_it = at is not None and node["NodeManagerAddress"] == at[1]
            if is_it and not running.node and node["NodeID"] not in self._nodes.excluded:
                running.node = node["NodeID"]
        if not running.node:
            raise LostError(f"a node of the Ray cannot be used: {why}") from error
        running.where = self._where(running.node)
        return Unseen(why)

    def _lost(self, running: _Running, error: BaseException) -> None:
        """A process or a node has ended."""
        is_nodes = bool(running.node) and running.node not in {n["NodeID"] for n in self._alive()}
        with self._lock:
            self._nodes.n_begun -= bool(running.node)
        running.strikes += not is_nodes
        why = reason(error, is_nodes=is_nodes)
        where = f" on {running.where}" if running.where else ""
        if running.strikes >= _MOST_STRIKES:
            raise TaskError(f"two workers ended while they trained on it, the last{where}: {why}")
        self._line(f"a worker{where} ended: {why}; what it trained goes to others", None)

    def exclude(self, running: _Running, why: str) -> None:
        """Use a part's node no more.

        Raises:
            UsageError: If it is the last one.
        """
        with self._lock:
            is_new = running.node not in self._nodes.excluded
            self._nodes.excluded.add(running.node)
        if all(node["NodeID"] in self._nodes.excluded for node in self._alive()):
            raise UsageError(f"node {running.where}: {why}")
        if is_new:
            self._line(f"node {running.where} is not used for training: {why}", None)

    def cancel(self, running: Sequence[_Running]) -> None:
        """Let parts end that nobody needs."""
        for one in running:
            with contextlib.suppress(Exception):
                self._ray.cancel(one.stream, force=True)
            with self._lock:
                self._nodes.n_begun -= bool(one.node)


class _Spread:
    """Computes the parts of one task; see `parts.Spread`."""

    def __init__(self, farm: Farm, site: Site) -> None:
        self._farm = farm
        self._site = site
        self._sent = farm.send(site.data)

    def __call__(
        self,
        step: Callable[[Site, T], R],
        items: Sequence[T],
        *,
        at_once: int = 1,  # noqa: ARG002 - as many as there are cores
        cores: int = 1,
    ) -> list[R]:
        found: dict[int, R] = {}
        running = [
            _Running(at, self._farm.order(step, item, self._site)) for at, item in enumerate(items)
        ]
        try:
            for one in running:
                self._farm.start(one, self._sent, cores)
            while running:
                for one in self._farm.wait(running):
                    message = self._farm.message(one)
                    if isinstance(message, Begun):
                        continue
                    if isinstance(message, Said):
                        self._say(one, message.done, message.what)
                    elif isinstance(message, Ended):
                        running.remove(one)
                        self._say(one, message.done)
                        self._site.progress.add(message.seconds)
                        found[one.at] = message.result
                    elif isinstance(message, Refused):
                        running.remove(one)
                        raise message.error()
                    else:
                        self._say(one, 0)
                        if isinstance(message, Unseen):
                            self._farm.exclude(one, message.why)
                        self._farm.start(one, self._sent, cores)
        except BaseException:
            self._farm.cancel(running)
            raise
        return [found[at] for at in range(len(items))]

    def _say(self, one: _Running, done: int, what: str = "") -> None:
        """Count what a part has done by now; nothing of it where it is computed again."""
        one.what = what or one.what
        self._site.progress.say(one.what, done - one.done)
        one.done = done
