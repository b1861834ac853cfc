"""The fast engine: points and seeds of the grid are trained as stacks of heads.

The protocol is the oracle's and `exact`'s; the stream of random numbers is another, since first
weights do not depend on the heads before. Folds are stacks of their own. On a CPU, heads of a
middle size are, too, and are trained next to each other.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psutil
import torch

from ..data import TaskData
from ..outcome import Journal, Outcome, Plan, Tell, TestScores
from . import trainable
from .fused_fold import SMALL_STEP, Fold, Snapshots, operations_of
from .grid import Point, points
from .parts import Site, Where, begun
from .protocol import Division, divisions, lone_row_warnings
from .trained import Trained, from_bytes, to_bytes
from .workers import each

_SHARE = 0.25
"""Of the machine's memory that the rows of all folds may take that are trained on at once."""

_Job = tuple[int, Point]
"""A head: its seed and its point."""


def evaluate(
    data: TaskData,
    plan: Plan,
    journal: Journal | None = None,
    tell: Tell | None = None,
    where: Where | None = None,
) -> Outcome:
    """Train and test stacks of heads, and leave PyTorch's generator and threads as they were.

    Args:
        data: A task with the embeddings of one model.
        plan: Grid, seeds and device.
        journal: Keeps each finished stack, and now and then the one in training, so that an
            interrupted and resumed evaluation equals an undisturbed one.
        tell: Follows the stacks.
        where: Who computes the folds; None for this process.

    Raises:
        UsageError: If the task or the plan cannot be evaluated.
        SubmissionError: If embeddings are not finite.
    """
    with begun(data, plan, journal, tell, where) as (site, spread):
        (warnings,) = spread(trainable.checked, [None])
        first, *others = divisions(data.metadata)
        n_heads = sum(len(_points(site, seed)) for seed in plan.seeds)
        site.progress.total = n_heads + len(plan.seeds) * len(others)
        (searched,) = spread(_searched, [first], cores=_cores(site, first))
        again = [_Again(fold, searched.best, searched.threads) for fold in others]
        tested = spread(_tested, again, at_once=searched.at_once, cores=searched.threads)
        tests = [test for fold in (searched.fold, *tested) for test in fold.tests]
        tests.sort(key=lambda test: plan.seeds.index(test.seed))  # stable: folds in order
        lone = dict.fromkeys(line for fold in (searched.fold, *tested) for line in fold.lone)
        return Outcome(tuple(tests), searched.grid, dict(site.progress.seconds), (*warnings, *lone))


@dataclass(frozen=True)
class _Tested:
    """What one fold has given: test scores, and warnings of lone rows."""

    tests: tuple[TestScores, ...]
    lone: tuple[str, ...]


@dataclass(frozen=True)
class _Searched:
    """The first fold, on which the grid is searched.

    Attributes:
        fold: What it has given.
        grid: Seed, point, score and epoch of each head.
        best: The best point of each seed, which is trained on the other folds.
        at_once: Other folds trained at once, on one machine.
        threads: Threads of each of them.
    """

    fold: _Tested
    grid: tuple[tuple[int, dict[str, Any], float, int], ...]
    best: tuple[_Job, ...]
    at_once: int
    threads: int


@dataclass(frozen=True)
class _Again:
    """Another fold, the heads to train on it, and the threads that do it."""

    division: Division
    jobs: tuple[_Job, ...]
    threads: int


def _points(site: Site, seed: int) -> list[Point]:
    return points(site.data.metadata, site.plan.grid, site.plan.grid_points, seed)


def _cores(site: Site, first: Division) -> int:
    """Cores that the search keeps busy, told by the shapes alone: rows may be elsewhere."""
    data, plan = site.data, site.plan
    n_rows = sum(len(data.splits[name].embeddings) for name in first.train)
    n_features = data.splits[first.valid].embeddings.shape[1]
    heads = [point for seed in plan.seeds for point in _points(site, seed)]
    operations = (operations_of(one, n_rows, n_features, len(data.vocabulary)) for one in heads)
    is_small = sum(operations) < SMALL_STEP
    return 1 if is_small else site.threads


def _searched(site: Site, division: Division) -> _Searched:
    """Train all points of the grid on the first fold, and test the best of each seed."""
    torch.set_num_threads(site.threads)
    jobs = [(seed, point) for seed in site.plan.seeds for point in _points(site, seed)]
    folding = _Folding(site, division)
    fold = folding.fold
    at_once = folding.at_once(jobs, len(jobs))
    trained = folding.trained(jobs, at_once, max(1, site.threads // at_once))
    best: dict[int, Trained] = {}
    for one in trained:
        # Of equal ones the earlier: points stand in the order in which they are tried.
        if one.seed not in best or fold.is_better(one.score, best[one.seed].score):
            best[one.seed] = one
    tests = tuple(fold.test(one) for one in best.values())
    again = tuple((one.seed, one.point) for one in best.values())
    at_once = folding.at_once(again, len(divisions(site.data.metadata)) - 1)
    return _Searched(
        _Tested(tests, folding.lone(jobs)),
        tuple((one.seed, one.point.as_dict(), one.score, one.epoch) for one in trained),
        again,
        at_once,
        1 if fold.is_small(again) else max(1, site.threads // at_once),
    )


def _tested(site: Site, again: _Again) -> _Tested:
    """Train the best heads on another fold, and test them."""
    torch.set_num_threads(again.threads)
    folding = _Folding(site, again.division)
    trained = folding.trained(again.jobs, 1, again.threads)
    tests = tuple(folding.fold.test(one) for one in trained)
    return _Tested(tests, folding.lone(again.jobs))


class _Folding:
    """The trainings on one fold.

    Attributes:
        fold: Its rows and scorers.
    """

    def __init__(self, site: Site, division: Division) -> None:
        self._site = site
        self.fold = Fold(site.data, division, site.plan.device, site.progress.timed)

    def at_once(self, jobs: Sequence[_Job], most: int) -> int:
        """Trainings at once; the machine and the task decide, not what is free at the moment.

        The threads of a training follow from it, and with another number of threads a product's
        rounding would differ between a run and its resumption.
        """
        if not all(self.fold.shares_cores(point) for _, point in jobs):
            return 1
        numbers = sum(split.embeddings.size for split in self._site.data.splits.values())
        fitting = int(_SHARE * psutil.virtual_memory().total / (4 * numbers))
        return max(1, min(self._site.threads, most, fitting))

    def lone(self, jobs: Sequence[_Job]) -> tuple[str, ...]:
        """What is said where the last training batch would have one row."""
        chosen = [point for _, point in jobs]
        return tuple(lone_row_warnings(self.fold.train.n_rows, chosen, self.fold.division))

    def trained(self, jobs: Sequence[_Job], at_once: int, threads: int) -> list[Trained]:
        """Train heads, in stacks of the same shape that fit into the memory.

        Args:
            jobs: The heads.
            at_once: Stacks of this fold trained at once.
            threads: Threads of each.

        Returns:
            The heads in the given order.
        """
        self.lone(jobs)  # refuses a single row
        stacks = list(_stacks(jobs, self.fold.most_heads))
        found: dict[_Job, Trained] = {}
        for some in each(
            lambda stack: self._stack(stack, threads), stacks, at_once, self._site.progress.stop
        ):
            found |= {(one.seed, one.point): one for one in some}
        return [found[job] for job in jobs]

    def _stack(self, jobs: list[_Job], threads: int) -> list[Trained]:
        """Train a stack, or take what the journal has of it."""
        fold, journal, progress = self.fold, self._site.journal, self._site.progress
        where = fold.division.test
        progress.say(f"{where}: {len(jobs)} {'head' if len(jobs) == 1 else 'heads'}")
        name = f"{where}-{zlib.crc32(repr(jobs).encode()):08x}"
        snapshots = Snapshots(journal, f"{name}-part")
        kept = journal.get(name) if journal else None
        if kept is not None:
            snapshots.forget()
            progress.say(f"{where}: trained before", len(jobs))
            return [Trained.of(record) for record in from_bytes(kept)]
        seed = zlib.crc32(name.encode())
        trained = fold.fit(jobs, seed, threads, self._left, snapshots)
        if journal:
            journal.put(name, to_bytes([one.record() for one in trained]))
            snapshots.forget()
        return trained

    def _left(self, number: int, what: str) -> None:
        """So many heads have left a stack."""
        self._site.progress.say(what, number)


def _stacks(jobs: Sequence[_Job], most_heads: Callable[[Point], int]) -> Iterator[list[_Job]]:
    """Jobs whose heads have the same layers, batches and epochs of validation, so many at once.

    The largest come first: at the end, no core should be left with one of them.
    """

    def shape(job: _Job) -> tuple[float, ...]:
        point = job[1]
        return (
            point.hidden_layers,
            point.hidden_dim,
            point.dropout,
            point.batch_size,
            point.check_val_every_n_epoch,
        )

    for _, group in itertools.groupby(sorted(jobs, key=shape, reverse=True), key=shape):
        same = list(group)
        size = most_heads(same[0][1])
        for start in range(0, len(same), size):
            yield same[start : start + size]
