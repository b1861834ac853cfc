"""One part of an evaluation, computed in a process of a node: what it tells, and its result."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from ...embed.spread.messages import Refused
from ...errors import HearError
from ..outcome import Journal, Plan
from ..training.engines import code_digest, fits_into_memory
from ..training.parts import Site
from ..training.progress import Progress
from .sent import NotSeen, Sent

_TELL_S = 0.2
"""Seconds between two words on the progress."""


@dataclass(frozen=True)
class Order:
    """What is to be computed.

    Attributes:
        step: A function of a module, from a site and an item to a result.
        item: The item.
        plan: Grid, seeds and device.
        journal: In a folder that all nodes see.
        threads: See `Site`.
        folder: The folder in which the command runs.
        code: Digest of the code that the driver has, see `installed`.
    """

    step: Callable[[Site, Any], Any]
    item: Any
    plan: Plan
    journal: Journal | None
    threads: int
    folder: Path
    code: str


@dataclass(frozen=True)
class Begun:
    """The id of the node where a part is computed."""

    node: str


@dataclass(frozen=True)
class Said:
    """So many units of work are done, and what is under way."""

    done: int
    what: str


@dataclass(frozen=True)
class Unseen:
    """Why the part cannot be computed on its node."""

    why: str


@dataclass(frozen=True)
class Ended:
    """The result, the seconds by stage, and the units of work that were done."""

    result: Any
    seconds: Mapping[str, float]
    done: int


@dataclass(frozen=True)
class _Mistake:
    """What was raised that nobody expects."""

    error: BaseException


Message = Begun | Said | Unseen | Ended | Refused


def installed() -> str:
    """Digest of all code that figures depend on."""
    import numpy as np
    import torch

    known = f"{code_digest()} {torch.__version__} {np.__version__}"
    return hashlib.sha256(known.encode()).hexdigest()


def computed(order: Order, sent: Sent) -> Iterator[Message]:
    """Compute a part; runs on a node, as a task of Ray."""
    import ray

    yield Begun(ray.get_runtime_context().get_node_id())
    messages: SimpleQueue[Message | _Mistake] = SimpleQueue()

    def tell(done: int, total: int, what: str) -> None:  # noqa: ARG001
        messages.put(Said(done, what))

    progress = Progress(tell, order.plan.device)
    # A thread of its own, since Ray fetches what is yielded.
    work = threading.Thread(
        target=lambda: messages.put(_outcome(order, sent, progress)), daemon=True
    )
    work.start()
    told = 0.0
    try:
        while True:
            message = messages.get()
            if isinstance(message, _Mistake):
                raise message.error
            if not isinstance(message, Said):
                yield message
                return
            if time.monotonic() - told > _TELL_S:
                told = time.monotonic()
                yield message
    finally:
        progress.stop()


def _outcome(order: Order, sent: Sent, progress: Progress) -> Message | _Mistake:
    try:
        if order.code != installed():
            return Unseen(
                "it has other versions of hearbaseline, PyTorch or NumPy than the machine of the "
                "command; install the same on both"
            )
        _enter(order.folder)
        with fits_into_memory(order.plan.device):
            site = Site(sent.received(), order.plan, order.journal, progress, order.threads)
            result = order.step(site, order.item)
        return Ended(result, dict(progress.seconds), progress.done)
    except NotSeen as error:
        return Unseen(str(error))
    except HearError as error:
        return Refused(type(error).__name__, str(error), traceback.format_exc())
    except BaseException as error:
        return _Mistake(error)


def _enter(folder: Path) -> None:
    try:
        os.chdir(folder)
    except OSError as error:
        raise NotSeen(
            f"{folder}: is not there ({error.strerror}); all nodes need the folder that the "
            "command runs in"
        ) from error
