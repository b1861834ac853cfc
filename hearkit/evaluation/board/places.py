"""The official ranking, and the places of further results in it.

Blanks are imputed by scikit-learn's `IterativeImputer`, each task is standardised with the
population deviation and clipped to [-1, 1], and the mean over tasks ranks. Imputation, means and
deviations are those of the published models, so a result that is placed moves none of them.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..results import Results, TaskResult
from .leaderboard import Leaderboard, column_of, read

_CLIP = 1.0
_ITERATIONS = 10


@dataclass(frozen=True)
class Row:
    """One row of the board.

    Attributes:
        model: Name of the model.
        ours: Whether it is a result that was placed, not one of the published models.
        index: Mean of the standardised scores, by which the board is sorted.
        rank: Place among the published models, 1 is the best. A placed result has the place that
            it would take among them.
        scores: Scores by task of the board; missing ones are left out.
        missing: Tasks of the board without a score.
        others: Scores by task folder of tasks that are not on the board.
        notes: What the row is to be read with, in one line each.
    """

    model: str
    ours: bool
    index: float
    rank: int
    scores: dict[str, float]
    missing: tuple[str, ...]
    others: dict[str, TaskResult] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """The place of one score among the published ones.

    Attributes:
        task: Name of the task on the board.
        rank: Place that the score would take, 1 is the best.
        of: Number of published scores.
    """

    task: str
    rank: int
    of: int


@dataclass(frozen=True)
class _Ranking:
    """What ranks a row of scores as the published ones were ranked.

    Attributes:
        board: The leaderboard.
        imputer: Fitted to the published scores.
        means: Mean of each task.
        deviations: Population deviation of each task.
        published: Indices of the published models.
    """

    board: Leaderboard
    imputer: Any
    means: NDArray[np.float64]
    deviations: NDArray[np.float64]
    published: NDArray[np.float64]

    def index(self, scores: NDArray[np.float64]) -> float:
        """Mean of the standardised scores of one row, shape (n_tasks,); blanks are NaN."""
        whole = self.imputer.transform(scores[None])
        return float(_indices(whole, self.means, self.deviations)[0])


def _indices(
    whole: NDArray[np.float64], means: NDArray[np.float64], deviations: NDArray[np.float64]
) -> NDArray[np.float64]:
    standardised = (whole - means) / deviations
    return np.asarray(np.clip(standardised, -_CLIP, _CLIP).mean(axis=1))


@functools.cache
def _ranking() -> _Ranking:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    board = read()
    imputer = IterativeImputer(max_iter=_ITERATIONS, random_state=0)
    with warnings.catch_warnings():
        # The official ranking stops after these iterations, too.
        warnings.simplefilter("ignore", ConvergenceWarning)
        whole = imputer.fit_transform(board.scores)
    means, deviations = whole.mean(axis=0), whole.std(axis=0)
    return _Ranking(board, imputer, means, deviations, _indices(whole, means, deviations))


def placed(results: Sequence[Results] = ()) -> list[Row]:
    """The board with results in it, the best first.

    Args:
        results: Results of modules. Those outside HEAR's protocol are not placed.

    Examples:
        >>> from hearkit.evaluation.board import placed
        >>> placed()[0].model, len(placed())
        ('GURA Fuse Cat H+w+C', 34)
    """
    ranking = _ranking()
    board = ranking.board
    indices = ranking.published
    rows = [
        _row(board, board.models[n], board.scores[n], indices[n], indices, ours=False)
        for n in range(len(board.models))
    ]
    names = [one.module for one in results]
    for number, one in enumerate(results):
        scores, others, notes = _scores(one, board)
        index = float("nan")
        if np.isfinite(scores).any():
            index = ranking.index(scores)
        name = one.module if names.count(one.module) == 1 else f"{one.module} ({number + 1})"
        row = _row(board, name, scores, index, indices, ours=True)
        rows.append(replace(row, others=others, notes=tuple(notes)))
    # Rows without a score of the board come last.
    return sorted(rows, key=lambda row: (np.isnan(row.index), -row.index))


def _row(
    board: Leaderboard,
    model: str,
    scores: NDArray[np.float64],
    index: float,
    indices: NDArray[np.float64],
    *,
    ours: bool,
) -> Row:
    found = {t: float(s) for t, s in zip(board.tasks, scores, strict=True) if np.isfinite(s)}
    missing = tuple(task for task in board.tasks if task not in found)
    return Row(model, ours, float(index), 1 + int((indices > index).sum()), found, missing)


def _scores(
    one: Results, board: Leaderboard
) -> tuple[NDArray[np.float64], dict[str, TaskResult], list[str]]:
    """Scores by column of the board, those of other tasks, and notes."""
    found: dict[str, list[TaskResult]] = {}
    others: dict[str, TaskResult] = {}
    notes = []
    for result in one.tasks:
        column = column_of(result.task_name, result.mode)
        if column is None:
            others[result.task] = result
        elif not result.is_protocol:
            others[result.task] = result
            notes.append(f"{result.task} is not by HEAR's protocol, so it has no place")
        else:
            found.setdefault(column, []).append(result)
    scores = np.full(len(board.tasks), np.nan)
    for column, tasks in found.items():
        n_folders = 2 if column == "Beehive" else 1
        if len(tasks) == n_folders:
            scores[board.tasks.index(column)] = np.mean([task.value for task in tasks])
        else:
            others |= {task.task: task for task in tasks}
            notes.append(f"{column} needs {n_folders} folders, of which {len(tasks)} are there")
    return scores, others, notes


def place_of(score: float, task: str) -> Place:
    """The place of a score among the published ones of its task."""
    board = read()
    published = board.scores[:, board.tasks.index(task)]
    published = published[np.isfinite(published)]
    return Place(task, 1 + int((published > score).sum()), len(published))
