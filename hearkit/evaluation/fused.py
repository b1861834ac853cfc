"""The fast engine: all points and seeds of the grid are trained as stacks of heads.

The protocol is the oracle's and `exact`'s; the stream of random numbers is another, since first
weights do not depend on the heads before. Folds are stacks of their own.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil
import torch
from numpy.typing import NDArray

from . import trainable
from .data import TaskData
from .events import Postprocessing
from .grid import Point, points
from .heads import probabilities_of
from .outcome import Journal, Outcome, Plan, Tell, TestScores
from .protocol import (
    Division,
    Monitor,
    batches,
    divisions,
    lone_row_warnings,
    never_validated,
)
from .rows import Rows
from .scorer import Scorer
from .stack import Member, Stack, Tensors, bytes_of, first_weights, losses, weights_of

_MOST_BYTES = 2 << 30
"""Memory that a stack takes at most; more heads are trained in stacks one after another. Which
heads are together decides their dropout, so the limit is the same wherever there is that much."""

_SMALL_STEP = 3e8
"""Operations of a step below which one thread computes it: the threads would wait for each other
longer than they compute, above all where other processes want the cores, too."""

_SHARE = 0.5
"""Of the free memory, where that is less."""


@dataclass(frozen=True)
class Trained:
    """A head after its training.

    Attributes:
        point: Hyperparameters.
        seed: Seed of the evaluation that it belongs to.
        score: Best figure of the validations.
        epoch: Its epoch, counted from 0.
        postprocessing: Its post-processing; None for scenes.
        minutes: Time of its stack until it left, shared among the heads.
        state: Weights at that epoch; None where they were no longer needed.
    """

    point: Point
    seed: int
    score: float
    epoch: int
    postprocessing: Postprocessing | None
    minutes: float
    state: Tensors | None


def evaluate(
    data: TaskData, plan: Plan, journal: Journal | None = None, tell: Tell | None = None
) -> Outcome:
    """Train and test stacks of heads, and leave PyTorch's generator and threads as they were.

    Args:
        data: A task with the embeddings of one model.
        plan: Grid, seeds and device.
        journal: Keeps each finished stack. Each begins with a seed of its own, so an interrupted
            and resumed evaluation equals an undisturbed one.
        tell: Follows the stacks.

    Raises:
        UsageError: If the task or the plan cannot be evaluated.
        SubmissionError: If embeddings are not finite.
    """
    devices = [plan.device] if torch.device(plan.device).type == "cuda" else []
    threads = torch.get_num_threads()
    try:
        with torch.random.fork_rng(devices):
            return _Evaluation(data, plan, journal, tell).run()
    finally:
        torch.set_num_threads(threads)


class _Evaluation:
    def __init__(
        self, data: TaskData, plan: Plan, journal: Journal | None, tell: Tell | None
    ) -> None:
        self._seconds: dict[str, float] = defaultdict(float)
        self._plan = plan
        self._threads = torch.get_num_threads()
        with self._timed("checking"):
            self._warnings = trainable.check(data)
        self._data = data
        self._journal = journal
        self._tell = tell
        self._divisions = divisions(data.metadata)
        self._points = {
            seed: points(data.metadata, plan.grid, plan.grid_points, seed) for seed in plan.seeds
        }
        heads = sum(map(len, self._points.values()))
        self._total = heads + len(plan.seeds) * (len(self._divisions) - 1)
        self._done = 0
        self._lone: dict[str, None] = {}

    def run(self) -> Outcome:
        first, *others = self._divisions
        jobs = [(seed, point) for seed, some in self._points.items() for point in some]
        fold = _Fold(self._data, first, self._plan.device, self._timed, self._threads)
        trained = self._trained(fold, jobs)
        best: dict[int, Trained] = {}
        for one in trained:
            # Of equal ones the earlier: points stand in the order in which they are tried.
            if one.seed not in best or fold.is_better(one.score, best[one.seed].score):
                best[one.seed] = one
        tests = [fold.test(one) for one in best.values()]
        for division in others:
            fold = _Fold(self._data, division, self._plan.device, self._timed, self._threads)
            again = self._trained(fold, [(one.seed, one.point) for one in best.values()])
            tests += [fold.test(one) for one in again]
        tests.sort(key=lambda test: self._plan.seeds.index(test.seed))  # stable: folds in order
        grid = tuple((one.seed, one.point.as_dict(), one.score, one.epoch) for one in trained)
        return Outcome(tuple(tests), grid, dict(self._seconds), (*self._warnings, *self._lone))

    def _trained(self, fold: _Fold, jobs: Sequence[tuple[int, Point]]) -> list[Trained]:
        """Train heads, in stacks of the same shape that fit into the memory; in the given order."""
        chosen = [point for _, point in jobs]
        self._lone |= dict.fromkeys(lone_row_warnings(fold.train.n_rows, chosen, fold.division))
        found: dict[tuple[int, Point], Trained] = {}
        for some in _stacks(jobs, fold.most_heads):
            self._say(f"{fold.division.test}: {len(some)} heads")
            name = f"{fold.division.test}-{zlib.crc32(repr(some).encode()):08x}"
            kept = self._journal.get(name) if self._journal else None
            if kept is None:
                trained = fold.fit(some, zlib.crc32(name.encode()), self._left)
                if self._journal:
                    self._journal.put(name, _written(trained))
            else:
                trained = _read(kept)
                self._done += len(trained)
            found |= {(one.seed, one.point): one for one in trained}
        return [found[job] for job in jobs]

    def _left(self, number: int, what: str) -> None:
        """So many heads have left a stack."""
        self._done += number
        self._say(what)

    def _say(self, what: str) -> None:
        if self._tell:
            self._tell(self._done, self._total, what)

    @contextlib.contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            if torch.device(self._plan.device).type == "cuda":
                torch.cuda.synchronize(self._plan.device)
            self._seconds[stage] += time.perf_counter() - start


def _stacks(
    jobs: Sequence[tuple[int, Point]], most_heads: Any
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


class _Fold:
    """The rows and scorers of a division, made once for all stacks that are trained on it."""

    def __init__(
        self, data: TaskData, division: Division, device: str, timed: Any, threads: int
    ) -> None:
        self.division = division
        self._data = data
        self._device = device
        self._timed = timed
        self._type = data.metadata.prediction_type
        self._threads = threads
        with timed("loading"):
            self.train = self._rows(*division.train)
            self._valid = self._rows(division.valid)
            self._scorer = Scorer(data, data.splits[division.valid])

    def _rows(self, *names: str) -> Rows:
        return Rows([self._data.splits[name] for name in names], self._type, self._device)

    def is_better(self, score: float, than: float) -> bool:
        return score > than if self._scorer.maximize else score < than

    def most_heads(self, point: Point) -> int:
        """Heads of this shape that a stack may have."""
        if torch.device(self._device).type == "cuda":
            free = torch.cuda.mem_get_info(self._device)[0]
        else:
            free = psutil.virtual_memory().available
        n_labels = len(self._data.vocabulary)
        rows = min(point.batch_size, self.train.n_rows)
        activations = 4 * rows * (6 * point.hidden_layers * point.hidden_dim + 4 * n_labels)
        predicted = 4 * self._valid.n_rows * 4 * n_labels
        each = bytes_of(point, self.train.n_features, n_labels) + activations + predicted
        return max(1, int(min(_MOST_BYTES, _SHARE * free) / each))

    def fit(self, jobs: Sequence[tuple[int, Point]], seed: int, left: Any) -> list[Trained]:
        """Train a stack of heads; each leaves when its own training ends."""
        start = time.perf_counter()
        stack = self._stack(jobs, seed)
        torch.manual_seed(seed)  # dropout on a GPU
        shape = stack.members[0].point
        done: list[Trained] = []
        epoch = 0
        self._set_threads(stack, shape)
        while stack.members:
            with self._timed("training"):
                self._train_epoch(stack, shape)
            if (epoch + 1) % shape.check_val_every_n_epoch == 0:
                self._validate(stack, epoch)
            epoch += 1
            ends = [
                member.monitor.stopped or epoch >= member.point.max_epochs
                for member in stack.members
            ]
            leaving = list(itertools.compress(stack.members, ends))
            if leaving:
                minutes = (time.perf_counter() - start) / 60 / len(jobs)
                done += [_finished(self._data, member, minutes) for member in leaving]
                stack.keep([n for n, ended in enumerate(ends) if not ended])
                self._set_threads(stack, shape)
                left(
                    len(leaving), f"{self.division.test}: epoch {epoch}, {len(stack.members)} heads"
                )
        return done

    def _stack(self, jobs: Sequence[tuple[int, Point]], seed: int) -> Stack:
        n_features, n_labels = self.train.n_features, len(self._data.vocabulary)
        members, first = [], []
        for of, point in jobs:
            monitor = Monitor(maximize=self._scorer.maximize, patience=point.patience)
            members.append(Member(point, of, monitor))
            own = zlib.crc32(f"{of} {self.division.test} {point}".encode())
            first.append(first_weights(point, n_features, n_labels, own))
        return Stack(members, first, self._device, seed)

    def _set_threads(self, stack: Stack, shape: Point) -> None:
        """As many as a step is worth."""
        rows = min(shape.batch_size, self.train.n_rows)
        weights = weights_of(shape, self.train.n_features, len(self._data.vocabulary))
        operations = 6 * rows * weights * len(stack.members)
        torch.set_num_threads(1 if operations < _SMALL_STEP else self._threads)

    def _train_epoch(self, stack: Stack, shape: Point) -> None:
        places = batches(self.train.n_rows, shape.batch_size, normalised=shape.hidden_layers > 0)
        for rows, targets in self.train.batches(places):
            stack.train(rows, targets, self._type)

    def _validate(self, stack: Stack, epoch: int) -> None:
        with self._timed("validating"):
            probabilities, loss = _predict(stack, self._valid, self._type)
        with self._timed("scoring"):
            for n, member in enumerate(stack.members):
                found = self._scorer.validate(probabilities[n], float(loss[n]))
                if member.monitor.see(found.figure, epoch):
                    member.best, member.found = stack.weights(n), found

    def test(self, trained: Trained) -> TestScores:
        """Score the test split with a head's best weights."""
        assert trained.state is not None  # the best head's record has them
        point, name = trained.point, self.division.test
        with self._timed("testing"):
            member = Member(point, trained.seed, Monitor(maximize=True, patience=1))
            stack = Stack([member], [trained.state], self._device)
            probabilities, loss = _predict(stack, self._rows(name), self._type)
            scorer = Scorer(self._data, self._data.splits[name])
            tested = scorer.test(probabilities[0], float(loss[0]), trained.postprocessing)
        values = {
            **tested.values,
            "validation_score": trained.score,
            "epoch": trained.epoch,
            "time_in_min": trained.minutes,
        }
        way = trained.postprocessing.as_dict() if trained.postprocessing else None
        return TestScores(
            name, trained.seed, values, point.as_dict(), way, probabilities[0], tested.events
        )


def _finished(data: TaskData, member: Member, minutes: float) -> Trained:
    monitor = member.monitor
    if member.found is None or monitor.best is None:
        raise never_validated(data.folder, member.point)
    way = member.found.postprocessing
    return Trained(
        member.point, member.seed, monitor.best, monitor.epoch, way, minutes, member.best
    )


@torch.no_grad()
def _predict(
    stack: Stack, rows: Rows, prediction_type: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities, shape (n_heads, n_rows, n_labels), and the mean loss of each head."""
    size = stack.members[0].point.batch_size
    places = batches(rows.n_rows, size, normalised=False)
    logits = torch.cat([stack.logits(rows.rows(p), training=False) for p in places], dim=1)
    loss = losses(logits, rows.targets, prediction_type)
    return probabilities_of(logits, prediction_type).cpu().numpy(), loss.cpu().numpy()


def _written(trained: Sequence[Trained]) -> bytes:
    """A record for the journal."""
    records = [
        {
            "point": one.point.as_dict(),
            "seed": one.seed,
            "score": one.score,
            "epoch": one.epoch,
            "postprocessing": one.postprocessing.as_dict() if one.postprocessing else None,
            "minutes": one.minutes,
            "state": one.state,
        }
        for one in trained
    ]
    file = io.BytesIO()
    torch.save(records, file)
    return file.getvalue()


def _read(content: bytes) -> list[Trained]:
    """Heads from their record."""
    records = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return [
        Trained(
            Point(**record["point"]),
            record["seed"],
            record["score"],
            record["epoch"],
            Postprocessing(**record["postprocessing"]) if record["postprocessing"] else None,
            record["minutes"],
            record["state"],
        )
        for record in records
    ]
