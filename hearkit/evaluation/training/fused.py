"""The fast engine: all points and seeds of the grid are trained as stacks of heads.

The protocol is the oracle's and `exact`'s; the stream of random numbers is another, since first
weights do not depend on the heads before. Folds are stacks of their own.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator, Sequence

import torch

from ..data import TaskData
from ..outcome import Journal, Outcome, Plan, Tell
from . import trainable
from .fused_fold import Fold, Snapshots
from .grid import Point, points
from .progress import Progress, pytorch_restored
from .protocol import Division, divisions, lone_row_warnings
from .trained import Trained, from_bytes, to_bytes


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
        trained = self._trained(fold, jobs)
        best: dict[int, Trained] = {}
        for one in trained:
            # Of equal ones the earlier: points stand in the order in which they are tried.
            if one.seed not in best or fold.is_better(one.score, best[one.seed].score):
                best[one.seed] = one
        tests = [fold.test(one) for one in best.values()]
        for division in others:
            fold = Fold(
                self._data, division, self._plan.device, self._progress.timed, self._threads
            )
            again = self._trained(fold, [(one.seed, one.point) for one in best.values()])
            tests += [fold.test(one) for one in again]
        tests.sort(key=lambda test: self._plan.seeds.index(test.seed))  # stable: folds in order
        grid = tuple((one.seed, one.point.as_dict(), one.score, one.epoch) for one in trained)
        return Outcome(
            tuple(tests), grid, dict(self._progress.seconds), (*self._warnings, *self._lone)
        )

    def _fold(self, division: Division) -> Fold:
        timed = self._progress.timed
        return Fold(self._data, division, self._plan.device, timed, self._threads)

    def _trained(self, fold: Fold, jobs: Sequence[tuple[int, Point]]) -> list[Trained]:
        """Train heads, in stacks of the same shape that fit into the memory; in the given order."""
        chosen = [point for _, point in jobs]
        self._lone |= dict.fromkeys(lone_row_warnings(fold.train.n_rows, chosen, fold.division))
        found: dict[tuple[int, Point], Trained] = {}
        for some in _stacks(jobs, fold.most_heads):
            self._progress.say(f"{fold.division.test}: {len(some)} heads")
            name = f"{fold.division.test}-{zlib.crc32(repr(some).encode()):08x}"
            kept = self._journal.get(name) if self._journal else None
            if kept is None:
                snapshots = Snapshots(self._journal, f"{name}-part")
                trained = fold.fit(some, zlib.crc32(name.encode()), self._left, snapshots)
                if self._journal:
                    self._journal.put(name, to_bytes([one.record() for one in trained]))
                    snapshots.forget()
            else:
                trained = [Trained.of(record) for record in from_bytes(kept)]
                self._progress.done += len(trained)
            found |= {(one.seed, one.point): one for one in trained}
        return [found[job] for job in jobs]

    def _left(self, number: int, what: str) -> None:
        """So many heads have left a stack."""
        self._progress.done += number
        self._progress.say(what)


def _stacks(
    jobs: Sequence[tuple[int, Point]], most_heads: Callable[[Point], int]
) -> Iterator[list[tuple[int, Point]]]:
    """Jobs whose heads have the same layers, batches and epochs of validation, so many at once."""

    def shape(job: tuple[int, Point]) -> tuple[float, ...]:
        point = job[1]
        return (
            point.hidden_layers,
            point.hidden_dim,
            point.dropout,
            point.batch_size,
            point.check_val_every_n_epoch,
        )

    for _, group in itertools.groupby(sorted(jobs, key=shape), key=shape):
        same = list(group)
        size = most_heads(same[0][1])
        for start in range(0, len(same), size):
            yield same[start : start + size]
