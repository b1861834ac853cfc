"""The parts of an evaluation that do not depend on each other, and who computes them.

An engine is a few steps, functions from a site and an item to plain data. On one machine they are
called in threads; a cluster calls the same ones elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

import torch

from ..data import TaskData
from ..outcome import Journal, Plan, Tell
from .progress import Progress, pytorch_restored
from .workers import each

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Site:
    """Where a part is computed, and what is there.

    Attributes:
        data: A task with the embeddings of one model.
        plan: Grid, seeds and device.
        journal: Keeps what is finished; None for nowhere.
        progress: Follows the work.
        threads: Threads of the whole evaluation on one machine. How products are rounded depends
            on them, so they are the same wherever a part is computed.
    """

    data: TaskData
    plan: Plan
    journal: Journal | None
    progress: Progress
    threads: int


class Spread(Protocol):
    """Who computes parts."""

    def __call__(
        self,
        step: Callable[[Site, T], R],
        items: Sequence[T],
        *,
        at_once: int = 1,
        cores: int = 1,
    ) -> list[R]:
        """What a step returns for each item, in their order.

        Args:
            step: A function of a module, whose results are plain data.
            items: What with.
            at_once: Items worked on at once, on one machine.
            cores: Cores that each keeps busy.
        """


Where = Callable[[Site], Spread]
"""Who computes the parts of an evaluation; see `Here`."""


class Here:
    """Computes parts in this process, in threads."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def __call__(
        self,
        step: Callable[[Site, T], R],
        items: Sequence[T],
        *,
        at_once: int = 1,
        cores: int = 1,  # noqa: ARG002 - all cores are this machine's
    ) -> list[R]:
        """See `Spread`."""
        return each(partial(step, self._site), items, at_once, self._site.progress.stop)


@contextmanager
def begun(
    data: TaskData, plan: Plan, journal: Journal | None, tell: Tell | None, where: Where | None
) -> Iterator[tuple[Site, Spread]]:
    """A context for an evaluation, after which PyTorch is as before: its site, and who computes.

    Args:
        data: A task with the embeddings of one model.
        plan: Grid, seeds and device.
        journal: Keeps what is finished.
        tell: Follows the evaluation.
        where: Who computes; None for this process.
    """
    site = Site(data, plan, journal, Progress(tell, plan.device), torch.get_num_threads())
    if where is not None:
        yield site, where(site)
        return
    with pytorch_restored(plan.device):
        yield site, Here(site)
