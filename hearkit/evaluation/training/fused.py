"""The fast engine: points and seeds of the grid are trained as stacks of heads.

The protocol is the oracle's and `exact`'s; the stream of random numbers is another, since first
weights do not depend on the heads before. Folds are stacks of their own. On a CPU, heads of a
middle size are, too, and are trained next to each other.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator, Sequence

import psutil
import torch

from ..data import TaskData
from ..outcome import Journal, Outcome, Plan, Tell, TestScores
from . import trainable
from .fused_fold import Fold, Snapshots
from .grid import Point, points
from .progress import Progress, pytorch_restored
from .protocol import Division, divisions, lone_row_warnings
from .trained import Trained, from_bytes, to_bytes
from .workers import each

_SHARE = 0.25
"""Of the machine's memory that the rows of all folds may take that are trained on at once."""

_Job = tuple[int, Point]
"""A head: its seed and its point."""


def evaluate(
    data: TaskData, plan: Plan, journal: Journal | None = None, tell: Tell | None = None
) -> Outcome:
    """Train and test stacks of heads, and leave PyTorch's generator and threads as they were.

    Args:
        data: A task with the embeddings of one model.
        plan: Grid, seeds and device.
        journal: Keeps each finished stack, and now and then the one in training, so that an
            interrupted and resumed evaluation equals an undisturbed one.
        tell: Follows the stacks.

    Raises:
        UsageError: If the task or the plan cannot be evaluated.
        SubmissionError: If embeddings are not finite.
    """
    with pytorch_restored(plan.device):
        return _Evaluation(data, plan, journal, tell).run()


class _Evaluation:
    def __init__(
        self, data: TaskData, plan: Plan, journal: Journal | None, tell: Tell | None
    ) -> None:
        self._progress = Progress(tell, plan.device)
        self._plan = plan
        self._threads = torch.get_num_threads()
        with self._progress.timed("checking"):
            self._warnings = trainable.check(data)
        self._data = data
        self._journal = journal
        self._divisions = divisions(data.metadata)
        self._points = {
            seed: points(data.metadata, plan.grid, plan.grid_points, seed) for seed in plan.seeds
        }
        heads = sum(map(len, self._points.values()))
        self._progress.total = heads + len(plan.seeds) * (len(self._divisions) - 1)
        self._lone: dict[str, None] = {}

    def run(self) -> Outcome:
        first, *others = self._divisions
        jobs = [(seed, point) for seed, some in self._points.items() for point in some]
        fold = self._fold(first)
        at_once = self._at_once(fold, jobs, len(jobs))
        threads = max(1, self._threads // at_once)
        trained, lone = self._trained(fold, jobs, at_once, threads)
        best: dict[int, Trained] = {}
        for one in trained:
            # Of equal ones the earlier: points stand in the order in which they are tried.
            if one.seed not in best or fold.is_better(one.score, best[one.seed].score):
                best[one.seed] = one
        tests = [fold.test(one) for one in best.values()]
        again = [(one.seed, one.point) for one in best.values()]
        at_once = self._at_once(fold, again, len(others))
        threads = max(1, self._threads // at_once)
        del fold  # its rows make room for those of the others

        def tested(division: Division) -> tuple[list[TestScores], tuple[str, ...]]:
            fold = self._fold(division)
            trained, lone = self._trained(fold, again, 1, threads)
            return [fold.test(one) for one in trained], lone

        for some, warnings in each(tested, others, at_once, self._progress.stop):
            tests += some
            lone += warnings
        tests.sort(key=lambda test: self._plan.seeds.index(test.seed))  # stable: folds in order
        grid = tuple((one.seed, one.point.as_dict(), one.score, one.epoch) for one in trained)
        warnings = (*self._warnings, *dict.fromkeys(lone))
        return Outcome(tuple(tests), grid, dict(self._progress.seconds), warnings)

    def _at_once(self, fold: Fold, jobs: Sequence[_Job], most: int) -> int:
        """Trainings at once; the machine and the task decide, not what is free at the moment.

        The threads of a training follow from it, and with another number of threads a product's
        rounding would differ between a run and its resumption.
        """
        if not all(fold.shares_cores(point) for _, point in jobs):
            return 1
        numbers = sum(split.embeddings.size for split in self._data.splits.values())
        fitting = int(_SHARE * psutil.virtual_memory().total / (4 * numbers))
        return max(1, min(self._threads, most, fitting))

    def _fold(self, division: Division) -> Fold:
        return Fold(self._data, division, self._plan.device, self._progress.timed)

    def _trained(
        self, fold: Fold, jobs: Sequence[_Job], at_once: int, threads: int
    ) -> tuple[list[Trained], tuple[str, ...]]:
        """Train heads, in stacks of the same shape that fit into the memory.

        Args:
            fold: Rows and scorers.
            jobs: The heads.
            at_once: Stacks of this fold trained at once.
            threads: Threads of each.

        Returns:
            The heads in the given order, and warnings.
        """
        chosen = [point for _, point in jobs]
        lone = tuple(lone_row_warnings(fold.train.n_rows, chosen, fold.division))
        stacks = list(_stacks(jobs, fold.most_heads))
        found: dict[_Job, Trained] = {}
        for some in each(
            lambda stack: self._stack(fold, stack, threads), stacks, at_once, self._progress.stop
        ):
            found |= {(one.seed, one.point): one for one in some}
        return [found[job] for job in jobs], lone

    def _stack(self, fold: Fold, jobs: list[_Job], threads: int) -> list[Trained]:
        """Train a stack, or take what the journal has of it."""
        self._progress.say(
            f"{fold.division.test}: {len(jobs)} {'head' if len(jobs) == 1 else 'heads'}"
        )
        name = f"{fold.division.test}-{zlib.crc32(repr(jobs).encode()):08x}"
        snapshots = Snapshots(self._journal, f"{name}-part")
        kept = self._journal.get(name) if self._journal else None
        if kept is not None:
            snapshots.forget()
            self._progress.say(f"{fold.division.test}: trained before", len(jobs))
            return [Trained.of(record) for record in from_bytes(kept)]
        trained = fold.fit(jobs, zlib.crc32(name.encode()), threads, self._left, snapshots)
        if self._journal:
            self._journal.put(name, to_bytes([one.record() for one in trained]))
            snapshots.forget()
        return trained

    def _left(self, number: int, what: str) -> None:
        """So many heads have left a stack."""
        self._progress.say(what, number)


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
