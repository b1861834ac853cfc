"""What `hear-eval` prints of results and of the board."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from .board import Row
from .board import read as leaderboard
from .compare import Pair
from .page import figure, interval
from .results import TaskResult


def result(found: TaskResult, is_new: bool) -> str:
    """A result in words; whether it was computed just now or there before."""
    parts = [f"{found.score} {figure(found.value)}", f"95 % {interval(found)}"]
    if found.probe != "mlp":
        parts.append(f"{found.probe} probe, outside HEAR's protocol")
    if found.resampled:
        parts.append(found.resampled)
    parts += found.warnings
    if not is_new:
        parts.append("was there already")
    return "; ".join(parts)


def board(rows: Sequence[Row], compared: Sequence[Pair]) -> Iterator[str]:
    """Lines of the board, the best first, and of differences."""
    width = max(len(row.model) for row in rows)
    for row in rows:
        mark = ">" if row.ours else " "
        rank = str(row.rank) if row.scores else "-"
        index = f"{row.index:+.3f}" if row.scores else "-"
        yield f"{mark} {rank:>3}  {row.model:<{width}}  {index:>6}"
    for row in rows:
        if row.ours and row.missing and row.scores:
            yield f"{row.model}: imputed, since not scored: {', '.join(row.missing)}"
        for task, one in sorted(row.others.items()):
            yield f"{row.model}: {task} has no place on the board: {result(one, True)}"
        yield from (f"{row.model}: {note}" for note in row.notes)
    for pair in compared:
        if pair.difference is None:
            yield f"{pair.task}: {pair.first} and {pair.second}: {pair.problem}"
            continue
        found = pair.difference
        verdict = "separable" if found.separable else "not separable"
        yield (
            f"{pair.task}: {pair.first} minus {pair.second} is {found.value:+.4f}, 95 % "
            f"{found.interval.low:+.4f} to {found.interval.high:+.4f}: {verdict}"
        )


def table(rows: Sequence[Row]) -> str:
    """The board as CSV."""
    tasks = leaderboard().tasks
    others = sorted({task for row in rows for task in row.others})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["rank", "model", "index", *tasks, *others])
    for row in rows:
        scores = [row.scores.get(task, "") for task in tasks]
        values = [row.others[task].value if task in row.others else "" for task in others]
        rank, index = (row.rank, row.index) if row.scores else ("", "")
        writer.writerow([rank, row.model, index, *scores, *values])
    return out.getvalue()
