"""Probes outside HEAR's protocol: logistic regression and nearest neighbours.

Both have one hyperparameter, chosen by the primary score on the first validation split, as the grid
of HEAR's protocol is, and nothing random: one evaluation stands for all seeds. Features are
standardised with the training rows' mean and deviation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ..data import SplitData, TaskData
from ..outcome import Journal, Outcome, Plan, Tell, TestScores
from . import trainable
from .parts import Site, Spread, Where, begun
from .protocol import Division, divisions
from .scorer import Scorer

_STRENGTHS = (0.01, 0.1, 1.0, 10.0)
"""Inverse strengths of the regularisation, scikit-learn's C."""

_NEIGHBOURS = (1, 3, 10, 30)

_ITERATIONS = 200
"""Of L-BFGS at most; it stops earlier where the loss no longer falls."""

_FLAT = 1e-5
"""Largest slope of the loss at its minimum."""

_BLOCK_BYTES = 1 << 28
"""Rows that are in memory at once, as float32."""

_MOST_ROWS = 1 << 16
"""Likewise, however short they are."""

_AT_ONCE = 1024
"""Rows whose neighbours are looked for at once."""

_LEAST = 1e-7
"""Probability of a label at least, in the loss: a label that no neighbour has would make it inf."""


class _Probe(Protocol):
    """A fitted probe."""

    def probabilities(self, rows: torch.Tensor) -> torch.Tensor:
        """From standardised rows, (n_rows, n_features), to probabilities, (n_rows, n_labels)."""


class _Rows:
    """Standardised rows of splits, read block by block."""

    def __init__(self, splits: Sequence[SplitData], device: str) -> None:
        self._splits = splits
        self._device = device
        self.n_rows = sum(len(split.targets) for split in splits)
        self.n_features = splits[0].embeddings.shape[1]
        self.labels = torch.from_numpy(np.concatenate([s.targets for s in splits])).to(device)
        self.mean, self.scale = self._moments()

    def _moments(self) -> tuple[torch.Tensor, torch.Tensor]:
        total = torch.zeros(2, self.n_features, dtype=torch.float64, device=self._device)
        for rows, _ in _blocks(self._splits, self._device):
            wide = rows.double()
            total += torch.stack([wide.sum(0), wide.square().sum(0)])
        mean = total[0] / self.n_rows
        deviation = (total[1] / self.n_rows - mean.square()).clamp(min=0).sqrt()
        # A feature that never changes stays 0.
        scale = torch.where(deviation > 1e-12, 1 / deviation.clamp(min=1e-12), 0.0)
        return mean.float(), scale.float()

    def blocks(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Standardised rows, and their targets, float32."""
        for rows, labels in _blocks(self._splits, self._device):
            yield self.standardised(rows), labels

    def standardised(self, rows: torch.Tensor) -> torch.Tensor:
        return (rows - self.mean) * self.scale


def _blocks(
    splits: Sequence[SplitData], device: str
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for split in splits:
        step = min(_MOST_ROWS, max(1, _BLOCK_BYTES // (4 * split.embeddings.shape[1])))
        for at in range(0, len(split.targets), step):
            rows = np.array(split.embeddings[at : at + step])  # a copy: maps are read-only
            labels = split.targets[at : at + step].astype(np.float32)
            yield torch.from_numpy(rows).to(device), torch.from_numpy(labels).to(device)


@dataclass(frozen=True)
class _Linear:
    """Logistic regression: softmax where one label is true at a time, otherwise a sigmoid each."""

    weights: torch.Tensor
    biases: torch.Tensor
    multiclass: bool

    @classmethod
    def fit(cls, rows: _Rows, n_labels: int, strength: float, *, multiclass: bool) -> _Linear:
        """The minimum of the mean loss plus |weights|^2 / (2 C n_rows)."""
        from scipy.optimize import minimize

        device = rows.mean.device
        n_weights = rows.n_features * n_labels

        def unpacked(flat: NDArray[np.float64]) -> tuple[torch.Tensor, torch.Tensor]:
            whole = torch.from_numpy(flat.astype(np.float32)).to(device)
            return whole[:n_weights].view(rows.n_features, n_labels), whole[n_weights:]

        def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            weights, biases = unpacked(flat)
            penalty = 1 / (strength * rows.n_rows)
            total = 0.5 * penalty * weights.double().square().sum()
            slope, shift = penalty * weights, torch.zeros_like(biases)
            for block, labels in rows.blocks():
                logits = block @ weights + biases
                total = total + _loss(logits, labels, multiclass=multiclass) / rows.n_rows
                likely = logits.softmax(1) if multiclass else logits.sigmoid()
                error = (likely - labels) / rows.n_rows
                slope, shift = slope + block.T @ error, shift + error.sum(0)
            gradient = torch.cat([slope.flatten(), shift]).double().cpu().numpy()
            return float(total), gradient

        # SciPy's, not torch.optim's: making one of those imports PyTorch's compiler.
        found = minimize(
            loss,
            np.zeros(n_weights + n_labels),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": _ITERATIONS, "gtol": _FLAT},
        )
        return cls(*unpacked(found.x), multiclass)

    def probabilities(self, rows: torch.Tensor) -> torch.Tensor:
        logits = rows @ self.weights + self.biases
        return logits.softmax(1) if self.multiclass else logits.sigmoid()


def _loss(logits: torch.Tensor, labels: torch.Tensor, *, multiclass: bool) -> torch.Tensor:
    """The loss summed over rows; over labels, too, where several may be true."""
    wide = logits.double()
    if multiclass:
        return torch.nn.functional.cross_entropy(wide, labels.argmax(1), reduction="sum")
    return torch.nn.functional.binary_cross_entropy_with_logits(
        wide, labels.double(), reduction="sum"
    )


@dataclass(frozen=True)
class _Neighbours:
    """The share of each label among the training rows of the highest cosine similarity."""

    rows: _Rows
    n: int

    def probabilities(self, rows: torch.Tensor) -> torch.Tensor:
        parts = [self._of_some(some) for some in torch.split(rows, _AT_ONCE)]
        return torch.cat(parts)

    def _of_some(self, rows: torch.Tensor) -> torch.Tensor:
        wanted = torch.nn.functional.normalize(rows)
        n = min(self.n, self.rows.n_rows)
        values = torch.full((len(rows), 0), -torch.inf, device=rows.device)
        places = torch.zeros(len(rows), 0, dtype=torch.int64, device=rows.device)
        first = 0
        for block, _ in self.rows.blocks():
            near = wanted @ torch.nn.functional.normalize(block).T
            new_values, new_places = near.topk(min(n, near.shape[1]), dim=1)
            values = torch.cat([values, new_values], 1)
            places = torch.cat([places, new_places + first], 1)
            values, order = values.topk(min(n, values.shape[1]), dim=1)
            places = places.gather(1, order)
            first += len(block)
        return torch.stack([self.rows.labels[some].float().mean(0) for some in places])


def linear(
    data: TaskData,
    plan: Plan,
    journal: Journal | None = None,
    tell: Tell | None = None,
    where: Where | None = None,
) -> Outcome:
    """Logistic regression; see `exact.evaluate` for the arguments."""
    with begun(data, plan, journal, tell, where) as (site, spread):
        return _evaluated(site, spread, _Choices("C", _STRENGTHS))


def knn(
    data: TaskData,
    plan: Plan,
    journal: Journal | None = None,
    tell: Tell | None = None,
    where: Where | None = None,
) -> Outcome:
    """Nearest neighbours; see `exact.evaluate` for the arguments."""
    with begun(data, plan, journal, tell, where) as (site, spread):
        return _evaluated(site, spread, _Choices("n_neighbors", _NEIGHBOURS))


@dataclass(frozen=True)
class _Choices:
    """A hyperparameter and its values."""

    name: str
    values: tuple[Any, ...]


def _evaluated(site: Site, spread: Spread, choices: _Choices) -> Outcome:
    plan = site.plan
    warnings = list(*spread(trainable.checked, [None]))
    if len(plan.seeds) > 1:
        warnings.append(f"this probe has nothing random; seed {plan.seeds[0]} stands for all")
    site.progress.total = len(choices.values) + len(divisions(site.data.metadata)) - 1
    (found,) = spread(_probed, [choices], cores=site.threads)
    return replace(found, seconds=dict(site.progress.seconds), warnings=tuple(warnings))


def _probed(site: Site, choices: _Choices) -> Outcome:
    """All of it; nothing takes long enough to be kept in a journal."""
    data, name, seed, device = site.data, choices.name, site.plan.seeds[0], site.plan.device
    parts = divisions(data.metadata)
    with site.progress.timed("probing"):
        first = _Fitter(data, parts[0], device)
        tried = []
        for choice in choices.values:
            site.progress.say(f"{name} = {choice:g}")
            tried.append((first.validated(name, choice), choice))
            site.progress.say(f"{name} = {choice:g}", 1)
        # The first of equal ones.
        best = (max if first.scorer.maximize else min)(tried, key=lambda one: one[0][0])[1]
        tests = [first.tested(name, best, seed)]
        for part in parts[1:]:
            site.progress.say(f"test on {part.test}")
            tests.append(_Fitter(data, part, device).tested(name, best, seed))
            site.progress.say(f"test on {part.test}", 1)
    grid = tuple((seed, {name: choice}, figure, 0) for (figure, _), choice in tried)
    return Outcome(tuple(tests), grid)


class _Fitter:
    """Fits and scores probes on one division of the splits."""

    def __init__(self, data: TaskData, division: Division, device: str) -> None:
        self._data = data
        self._division = division
        self._device = device
        self._rows = _Rows([data.splits[split] for split in division.train], device)
        self._fitted: dict[Any, _Probe] = {}
        self.scorer = Scorer(data, data.splits[division.valid])

    def _fit(self, name: str, choice: Any) -> _Probe:
        if choice not in self._fitted:
            n_labels = len(self._data.vocabulary)
            multiclass = self._data.metadata.prediction_type == "multiclass"
            self._fitted[choice] = (
                _Linear.fit(self._rows, n_labels, choice, multiclass=multiclass)
                if name == "C"
                else _Neighbours(self._rows, choice)
            )
        return self._fitted[choice]

    def _predicted(self, probe: _Probe, split: SplitData) -> tuple[NDArray[np.float32], float]:
        """Probabilities and the mean loss."""
        parts = []
        for rows, _ in _blocks([split], self._device):
            parts.append(probe.probabilities(self._rows.standardised(rows)).cpu().numpy())
        found = np.concatenate(parts)
        likely = np.clip(found.astype(float), _LEAST, 1 - _LEAST)
        if self._data.metadata.prediction_type == "multiclass":
            loss = -np.log(likely[split.targets.astype(bool)]).mean()
        else:
            loss = -np.where(split.targets, np.log(likely), np.log1p(-likely)).mean()
        return found, float(loss)

    def validated(self, name: str, choice: Any) -> tuple[float, Any]:
        """The monitored figure, and the post-processing that it was reached with."""
        split = self._data.splits[self._division.valid]
        found = self.scorer.validate(*self._predicted(self._fit(name, choice), split))
        return found.figure, found.postprocessing

    def tested(self, name: str, choice: Any, seed: int) -> TestScores:
        """The scores on the test split."""
        figure, way = self.validated(name, choice)
        split = self._data.splits[self._division.test]
        probabilities, loss = self._predicted(self._fit(name, choice), split)
        found = Scorer(self._data, split).test(probabilities, loss, way)
        return TestScores(
            split.name,
            seed,
            {**found.values, "validation_score": figure, "epoch": 0},
            {name: choice},
            None if way is None else way.as_dict(),
            probabilities,
            found.events,
        )
