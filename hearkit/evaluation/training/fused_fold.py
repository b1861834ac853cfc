"""One division for the fused engine: its rows, scorers, and the training of stacks on them."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import psutil
import torch
from numpy.typing import NDArray

from ..data import TaskData
from ..outcome import Journal, TestScores
from .grid import Point
from .heads import probabilities_of
from .protocol import Division, Monitor, batches, never_validated
from .rows import Rows
from .scorer import Scorer
from .stack import Member, Stack, bytes_of, first_weights, losses, weights_of
from .subspace import subspace_of
from .trained import Trained, from_bytes, to_bytes

_MOST_BYTES = 2 << 30
"""Memory that a stack takes at most; more heads are trained in stacks one after another. Which
heads are together decides their dropout, so the limit is the same wherever there is that much."""

_FULL_BATCH = 1024
"""Rows in a batch of all grids."""

SMALL_STEP = 3e8
"""Operations of a step below which one thread computes it: the threads would wait for each other
longer than they compute, above all where other processes want the cores, too."""

_MIDDLE_STEP = 1e8, 2e9
"""Operations of a head's step between which trainings share a CPU's cores, each with a stack of its
own. Smaller steps are mostly Python's, which has one core. In larger ones threads wait for each
other for a small part of the time, and no core is left over when the last training is alone."""

_DRAWING = threading.Lock()
"""Held while first weights are drawn: PyTorch has one generator for all threads."""

_SHARE = 0.5
"""Of the free memory, where that is less."""

_SNAPSHOT_S = 60.0
"""Seconds after which a stack's training is kept in the journal."""

_SNAPSHOT_SHARE = 0.02
"""Part of the time that keeping it may take."""


class Snapshots:
    """Keeps the present state of one stack's training in the journal, now and then."""

    def __init__(self, journal: Journal | None, name: str) -> None:
        self._journal = journal
        self._name = name
        self._next = time.monotonic() + _SNAPSHOT_S

    def get(self) -> Any:
        """The state that was kept last, or None."""
        kept = self._journal.get(self._name) if self._journal else None
        return from_bytes(kept) if kept else None

    def offer(self, state: Callable[[], object]) -> None:
        """Keep the state if it is time."""
        start = time.monotonic()
        if self._journal is None or start < self._next:
            return
        self._journal.put(self._name, to_bytes(state()))
        end = time.monotonic()
        self._next = end + max(_SNAPSHOT_S, (end - start) / _SNAPSHOT_SHARE)

    def forget(self) -> None:
        """The training has ended and is kept elsewhere."""
        if self._journal and self._journal.get(self._name):
            self._journal.put(self._name, b"")


def operations_of(point: Point, n_rows: int, n_features: int, n_labels: int) -> int:
    """Operations of a head's step: two for each row and weight, forward, and twice backward."""
    return 6 * min(point.batch_size, n_rows) * weights_of(point, n_features, n_labels)


class Fold:
    """The rows and scorers of a division, made once for all stacks that are trained on it."""

    def __init__(self, data: TaskData, division: Division, device: str, timed: Any) -> None:
        self.division = division
        self._data = data
        self._device = device
        self._timed = timed
        self._type = data.metadata.prediction_type
        with timed("loading"):
            self.train = self._rows(*division.train)
            self._valid = self._rows(division.valid)
            self._scorer = Scorer(data, data.splits[division.valid])
        self._n_features = self.train.n_features
        self._basis: torch.Tensor | None = None
        with timed("reducing"):
            self._reduce()

    def _rows(self, *names: str) -> Rows:
        return Rows([self._data.splits[name] for name in names], self._type, self._device)

    def _reduce(self) -> None:
        """Compute with fewer numbers where the embeddings allow that."""
        subspace = subspace_of(self.train, _FULL_BATCH)
        places = subspace.places(self.train) if subspace else None
        if subspace is None or places is None:
            return
        self.train, self._basis = places, subspace.basis
        # Validation rows may have other dimensions as well; then they stay whole.
        self._valid = subspace.places(self._valid) or self._valid

    def is_better(self, score: float, than: float) -> bool:
        """Whether a validation's figure is better than another."""
        return score > than if self._scorer.maximize else score < than

    def most_heads(self, point: Point) -> int:
        """Heads of this shape that a stack may have."""
        if torch.device(self._device).type == "cuda":
            free = torch.cuda.mem_get_info(self._device)[0]
        elif self.shares_cores(point):
            return 1
        else:
            free = psutil.virtual_memory().available
        n_labels = len(self._data.vocabulary)
        rows = min(point.batch_size, self.train.n_rows)
        activations = 4 * rows * (6 * point.hidden_layers * point.hidden_dim + 4 * n_labels)
        predicted = 4 * self._valid.n_rows * 4 * n_labels
        each = bytes_of(point, self._n_features, n_labels) + activations + predicted
        return max(1, int(min(_MOST_BYTES, _SHARE * free) / each))

    def fit(
        self,
        jobs: Sequence[tuple[int, Point]],
        seed: int,
        threads: int,
        left: Callable[[int, str], None],
        snapshots: Snapshots,
    ) -> list[Trained]:
        """Train a stack of heads; each leaves when its own training ends.

        Args:
            jobs: Seed and point of each head.
            seed: Seed of the stack's dropout.
            threads: Threads that compute it, where its steps are worth them.
            left: Told how many heads have left, and what is done in words.
            snapshots: Where the training goes on if it was interrupted.
        """
        start, epoch, done = time.perf_counter(), 0, list[Trained]()
        with _DRAWING:
            stack = self._stack(jobs, seed)
            torch.manual_seed(seed)  # dropout on a GPU
        kept = snapshots.get()
        if kept is not None:
            stack.resume(kept["stack"])
            done = [Trained.of(record) for record in kept["done"]]
            epoch, start = kept["epoch"], start - kept["seconds"]
            left(len(done), f"{self.division.test}: goes on after epoch {epoch}")
        shape = jobs[0][1]
        torch.set_num_threads(1 if self.is_small(jobs) else threads)
        while stack.members:
            with self._timed("training"):
                self._train_epoch(stack, shape)
            if (epoch + 1) % shape.check_val_every_n_epoch == 0:
                self._validate(stack, epoch)
            epoch += 1
            stays = [
                not member.monitor.stopped and epoch < member.point.max_epochs
                for member in stack.members
            ]
            seconds = time.perf_counter() - start
            leaving = [m for m, stay in zip(stack.members, stays, strict=True) if not stay]
            done += [_finished(self._data, member, seconds / 60 / len(jobs)) for member in leaving]
            stack.keep([n for n, stay in enumerate(stays) if stay])
            if leaving:
                told = f"epoch {epoch}, {len(stack.members)} heads go on"
                left(len(leaving), f"{self.division.test}: {told}")
            snapshots.offer(partial(_state, stack, done, epoch, seconds))
        return self._without_losers(done)

    def _without_losers(self, trained: Sequence[Trained]) -> list[Trained]:
        """Only heads that may be the best of their seed are tested: the others' weights go."""
        best: dict[int, float] = {}
        for one in trained:
            if one.seed not in best or self.is_better(one.score, best[one.seed]):
                best[one.seed] = one.score
        return [
            replace(one, state=None) if self.is_better(best[one.seed], one.score) else one
            for one in trained
        ]

    def _stack(self, jobs: Sequence[tuple[int, Point]], seed: int) -> Stack:
        n_features, n_labels = self._n_features, len(self._data.vocabulary)
        members, first = [], []
        for of, point in jobs:
            monitor = Monitor(maximize=self._scorer.maximize, patience=point.patience)
            members.append(Member(point, of, monitor))
            own = zlib.crc32(f"{of} {self.division.test} {point}".encode())
            first.append(first_weights(point, n_features, n_labels, own))
        return Stack(members, first, self._device, seed, self._basis)

    def shares_cores(self, point: Point) -> bool:
        """Whether trainings of such heads are faster next to each other than on all cores."""
        least, most = _MIDDLE_STEP
        is_on_cpu = torch.device(self._device).type == "cpu"
        return is_on_cpu and least <= self._operations(point) < most

    def is_small(self, jobs: Sequence[tuple[int, Point]]) -> bool:
        """Whether one thread computes a step of all these heads as fast as several."""
        return sum(self._operations(point) for _, point in jobs) < SMALL_STEP

    def _operations(self, point: Point) -> int:
        n_labels = len(self._data.vocabulary)
        return operations_of(point, self.train.n_rows, self._n_features, n_labels)

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
        return trained.scores(name, tested, probabilities[0])


def _state(stack: Stack, done: Sequence[Trained], epoch: int, seconds: float) -> dict[str, object]:
    """All that a stack's training goes on with."""
    records = [one.record() for one in done]
    return {"stack": stack.snapshot(), "done": records, "epoch": epoch, "seconds": seconds}


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
