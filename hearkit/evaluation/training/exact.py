"""The reference engine: one head after the other, equal to the oracle bit for bit on a CPU.

Equality asks for the oracle's stream of random numbers, in which the first weights and the dropout
of a head depend on how long the heads before it were trained. So all is sequential, and the heads
compute with one thread.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..data import TaskData
from ..outcome import Journal, Outcome, Plan, Tell, TestScores
from . import trainable
from .adam import BlockedAdam
from .grid import Point, points
from .heads import loss_of, make_head, probabilities_of
from .parts import Site, Where, begun
from .protocol import (
    Division,
    Monitor,
    batches,
    divisions,
    lone_row_warnings,
    never_validated,
)
from .rows import Rows
from .scorer import Scorer, Validation
from .trained import Tensors, Trained, from_bytes, to_bytes


def evaluate(
    data: TaskData,
    plan: Plan,
    journal: Journal | None = None,
    tell: Tell | None = None,
    where: Where | None = None,
) -> Outcome:
    """Train and test heads, and leave PyTorch's generator and threads as they were.

    Args:
        data: A task with the embeddings of one model.
        plan: Grid, seeds and device.
        journal: Keeps each finished training, with the state of the random generator after it, so
            that an interrupted and resumed evaluation equals an undisturbed one.
        tell: Follows the trainings.
        where: Who computes the seeds, each of which is a whole evaluation; None for this process.

    Raises:
        UsageError: If the task or the plan cannot be evaluated.
        SubmissionError: If embeddings are not finite.
    """
    with begun(data, plan, journal, tell, where) as (site, spread):
        (warnings,) = spread(trainable.checked, [None])
        n_points = len(points(data.metadata, plan.grid, plan.grid_points, seed=0))
        n_heads = n_points + len(divisions(data.metadata)) - 1
        site.progress.total = len(plan.seeds) * n_heads
        seeds = [_Seed(seed, n * n_heads) for n, seed in enumerate(plan.seeds)]
        found = spread(_evaluated, seeds)
        return Outcome(
            tuple(test for one in found for test in one.tests),
            tuple(tried for one in found for tried in one.grid),
            dict(site.progress.seconds),
            (*warnings, *dict.fromkeys(line for one in found for line in one.lone)),
        )


@dataclass(frozen=True)
class _Seed:
    """A seed, and the number of heads that those before it train."""

    seed: int
    n_before: int


@dataclass(frozen=True)
class _Found:
    """The outcome of one seed."""

    tests: tuple[TestScores, ...]
    grid: tuple[tuple[int, dict[str, Any], float, int], ...]
    lone: tuple[str, ...]


def _evaluated(site: Site, of: _Seed) -> _Found:
    """One seed: the grid on the first fold, then the best head on the others."""
    torch.set_num_threads(1)
    torch.manual_seed(of.seed)
    return _Evaluation(site, of).run()


class _Evaluation:
    def __init__(self, site: Site, of: _Seed) -> None:
        self._site = site
        self._seed = of.seed
        self._n_trained = of.n_before

    def run(self) -> _Found:
        metadata, plan = self._site.data.metadata, self._site.plan
        first, *others = divisions(metadata)
        tests: list[TestScores] = []
        grid: list[tuple[int, dict[str, Any], float, int]] = []
        tried = points(metadata, plan.grid, plan.grid_points, self._seed)
        best: Trained | None = None
        fold = self._fold(first)
        lone = dict.fromkeys(lone_row_warnings(fold.train.n_rows, tried, first))
        for point in tried:
            trained = self._trained(fold, point, best)
            grid.append((self._seed, point.as_dict(), trained.score, trained.epoch))
            if best is None or fold.is_better(trained.score, best.score):
                best = trained  # of equal ones the earlier
        assert best is not None  # there is one point at least
        tests.append(self._tested(fold, best))
        for division in others:
            fold = self._fold(division)
            lone |= dict.fromkeys(lone_row_warnings(fold.train.n_rows, [best.point], division))
            tests.append(self._tested(fold, self._trained(fold, best.point, None)))
        return _Found(tuple(tests), tuple(grid), tuple(lone))

    def _fold(self, division: Division) -> _Fold:
        site = self._site
        return _Fold(site.data, division, site.plan.device, site.progress.timed)

    def _trained(self, fold: _Fold, point: Point, best: Trained | None) -> Trained:
        """Train a head, or take what the journal has of it."""
        what = f"{fold.division.test}: {point.in_words()}"
        self._site.progress.say(what)
        journal = self._site.journal
        name = f"{self._seed}-{self._n_trained}"
        kept = journal.get(name) if journal else None
        if kept is not None:
            record = from_bytes(kept)
            torch.set_rng_state(record.pop("generator"))
            trained = Trained.of(record)
        else:
            trained = fold.fit(point, self._seed)
            if best is not None and not fold.is_better(trained.score, best.score):
                trained = replace(trained, state=None)
            if journal:
                record = trained.record() | {"generator": torch.get_rng_state()}
                journal.put(name, to_bytes(record))
        self._n_trained += 1
        self._site.progress.say(what, 1)
        return trained

    def _tested(self, fold: _Fold, trained: Trained) -> TestScores:
        tested = fold.test(trained)
        self._site.progress.say(f"{fold.division.test}: tested")
        return tested


class _Fold:
    """The rows and scorers of a division, made once for all heads that are trained on it."""

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

    def _rows(self, *names: str) -> Rows:
        return Rows([self._data.splits[name] for name in names], self._type, self._device)

    def is_better(self, score: float, than: float) -> bool:
        return score > than if self._scorer.maximize else score < than

    def fit(self, point: Point, seed: int) -> Trained:
        """Train one head, with the draws from torch's generator that the oracle makes."""
        start = time.perf_counter()
        head = make_head(point, self.train.n_features, len(self._data.vocabulary))
        torch.rand(64, self.train.n_features)  # the input of the summary that the oracle prints
        head.to(self._device)
        optimizer = BlockedAdam(head, point.lr)
        monitor = Monitor(maximize=self._scorer.maximize, patience=point.patience)
        best: tuple[Tensors, Validation] | None = None
        for epoch in range(point.max_epochs):
            with self._timed("training"):
                self._train_epoch(head, optimizer, point)
            if (epoch + 1) % point.check_val_every_n_epoch:
                continue
            _draw_as_a_data_loader()
            found = self._validate(head, point.batch_size)
            if monitor.see(found.figure, epoch):
                best = {k: v.clone() for k, v in head.state_dict().items()}, found
            if monitor.stopped:
                break
        if best is None or monitor.best is None:
            raise never_validated(self._data.folder, point)
        minutes = (time.perf_counter() - start) / 60
        state, found = best
        way = found.postprocessing
        return Trained(point, seed, monitor.best, monitor.epoch, way, minutes, state)

    def _train_epoch(self, head: torch.nn.Module, optimizer: BlockedAdam, point: Point) -> None:
        _draw_as_a_data_loader()
        head.train()
        places = batches(self.train.n_rows, point.batch_size, normalised=point.hidden_layers > 0)
        for rows, targets in self.train.batches(places):
            loss = loss_of(head(rows), targets, self._type)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    def _validate(self, head: torch.nn.Module, batch_size: int) -> Validation:
        with self._timed("validating"):
            probabilities, loss = _predict(head, self._valid, batch_size, self._type)
        with self._timed("scoring"):
            return self._scorer.validate(probabilities, loss)

    def test(self, trained: Trained) -> TestScores:
        """Score the test split with the head's best weights."""
        assert trained.state is not None  # the best head's record has them
        point, name = trained.point, self.division.test
        with self._timed("testing"):
            with torch.random.fork_rng([]):  # the oracle tests after all trainings
                head = make_head(point, self.train.n_features, len(self._data.vocabulary))
            head.load_state_dict(trained.state)
            head.to(self._device)
            rows = self._rows(name)
            probabilities, loss = _predict(head, rows, point.batch_size, self._type)
            scorer = Scorer(self._data, self._data.splits[name])
            tested = scorer.test(probabilities, loss, trained.postprocessing)
        return trained.scores(name, tested, probabilities)


def _draw_as_a_data_loader() -> None:
    """A `DataLoader` draws a seed for its workers whenever its rows are run through."""
    torch.empty((), dtype=torch.int64).random_()


@torch.no_grad()
def _predict(
    head: torch.nn.Module, rows: Rows, batch_size: int, prediction_type: str
) -> tuple[NDArray[np.float32], float]:
    """Probabilities, shape (n_rows, n_labels), and the mean loss."""
    head.eval()
    places = batches(rows.n_rows, batch_size, normalised=False)
    logits = [head(rows.rows(place)) for place in places]
    probabilities = torch.cat([probabilities_of(some, prediction_type) for some in logits])
    loss = loss_of(torch.cat(logits), rows.targets, prediction_type)
    return probabilities.cpu().numpy(), float(loss)
