"""Workers as a driver sees them, wherever they are, and what it says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from ...errors import SubmissionError

PATIENCE_S = 60.0
"""Seconds without a worker after which the user is told."""


@dataclass(eq=False)
class Worker:
    """One actor, as the driver sees it.

    Attributes:
        node: Id of its node.
        where: The node's address, for messages.
        handle: The actor.
        is_open: Whether the model is loaded.
    """

    node: str
    where: str
    handle: Any
    is_open: bool = False


@dataclass(frozen=True)
class Event:
    """Something that happened to a worker.

    Attributes:
        worker: The worker.
        answer: What it answered; None if it has ended.
        call: The number of the call that it answered; 0 for opening.
        why: Why it has ended.
        is_nodes: Whether that is because its node has.
    """

    worker: Worker
    answer: Any
    call: int = 0
    why: str = ""
    is_nodes: bool = False


class Pool(Protocol):
    """Workers, wherever they are; see `pool.RayPool`."""

    def grow(self) -> None:
        """Start workers where some are missing."""

    def workers(self) -> Iterator[Worker]:
        """Those that have loaded the model."""

    def ask(self, worker: Worker, call: int, method: str, *arguments: Any) -> None:
        """Call a method of a worker; the answer comes as an event."""

    def events(self, seconds: float) -> Iterator[Event]:
        """What has happened; waits for something, so long at most."""

    def exclude(self, worker: Worker) -> None:
        """Use a worker's node no more."""

    @property
    def is_empty(self) -> bool:
        """Whether no node is left."""


def no_worker_yet() -> str:
    """What the user is told where no worker can be started for long."""
    return (
        f"no worker has loaded the model after {PATIENCE_S:.0f} s; `ray status` tells "
        "whether others use all CPUs or GPUs"
    )


def other_model(worker: Worker) -> str:
    """What the user is told of a node that has loaded another model."""
    return (
        f"node {worker.where} is not used: it has other code, weights or libraries than "
        "the node that was first; install the same on both"
    )


def ended_while_loading(event: Event) -> SubmissionError:
    """Why a run ends that has no worker left and never had one."""
    return SubmissionError(f"the worker ended while it loaded the model: {event.why}")
