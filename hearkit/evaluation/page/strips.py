"""A picture for each task: our scores on the line of the published ones, as numbers to draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..board.leaderboard import column_of, read
from ..board.places import place_of
from ..results import Results

WIDTH, MARGIN = 560.0, 14.0
"""Of the view box, in units of which text is eleven high."""


@dataclass(frozen=True)
class Dot:
    """A published score.

    Attributes:
        x: Place in the picture.
        label: Model and score.
    """

    x: float
    label: str


@dataclass(frozen=True)
class Mark:
    """One of our scores.

    Attributes:
        x: Place in the picture.
        low: Place of the interval's lower end.
        high: Place of its upper end.
        label: Module, score and place.
        number: Counts the marks of a picture from 0.
    """

    x: float
    low: float
    high: float
    label: str
    number: int


@dataclass(frozen=True)
class Strip:
    """A picture.

    Attributes:
        task: Name of the task.
        score: Name of the score.
        dots: Published scores; none where the task is not on the board.
        marks: Our scores.
        ticks: Places and words of the axis.
        alt: What the picture shows, for those who do not see it.
    """

    task: str
    score: str
    dots: tuple[Dot, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    alt: str


def strips(results: Sequence[Results]) -> list[Strip]:
    """The pictures of all tasks, by name."""
    tasks = sorted({result.task for one in results for result in one.tasks})
    return [strip for task in tasks if (strip := _strip(task, results)) is not None]


def _strip(task: str, results: Sequence[Results]) -> Strip | None:
    found = [
        (one.module, result)
        for one in results
        for result in one.tasks
        if result.task == task and math.isfinite(result.value)
    ]
    if not found:
        return None
    first = found[0][1]
    column = column_of(first.task_name, first.mode)
    published = _published(column)
    ends = [result.value for _, result in found] + [score for _, score in published]
    for _, result in found:
        if result.over_recordings is not None:
            ends += [result.over_recordings.low, result.over_recordings.high]
    low, high, step = _scale(min(ends), max(ends))

    def place(value: float) -> float:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (value - low) / (high - low), 1)

    marks = []
    for number, (module, result) in enumerate(found):
        interval = result.over_recordings
        start, end = (interval.low, interval.high) if interval else (result.value, result.value)
        label = f"{module}: {result.value:.3f}"
        if column is not None and result.is_protocol:
            rank = place_of(result.value, column)
            label += f", place {rank.rank} of {rank.of + 1}"
        marks.append(Mark(place(result.value), place(start), place(end), label, number))
    n_steps = round((high - low) / step)
    ticks = [(place(low + n * step), f"{low + n * step:.3g}") for n in range(n_steps + 1)]
    beside = f" among {len(published)} published scores" if published else ""
    return Strip(
        task,
        first.score,
        tuple(Dot(place(score), f"{model}: {score:.3f}") for model, score in published),
        tuple(marks),
        tuple(ticks),
        f"{task}, {first.score}: {'; '.join(mark.label for mark in marks)}{beside}",
    )


def _published(column: str | None) -> list[tuple[str, float]]:
    # A folder of Beehive is half of its task: its score is not comparable with the board's.
    if column is None or column == "Beehive":
        return []
    board = read()
    scores = board.scores[:, board.tasks.index(column)]
    return [(m, float(s)) for m, s in zip(board.models, scores, strict=True) if np.isfinite(s)]


def _scale(low: float, high: float) -> tuple[float, float, float]:
    """Round ends of the axis, and the step between its ticks."""
    span = max(high - low, 0.02)
    step = 10 ** math.floor(math.log10(span / 3))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (factor * step) <= 6)
    first, last = math.floor(low / step), math.ceil(high / step)
    return first * step, max(last, first + 1) * step, step
