"""Results as one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ... import pages
from ..results import Results, TaskResult
from .strips import strips

if TYPE_CHECKING:
    from ..board import Row
    from ..compare import Pair

_FOLDER = Path(__file__).parent


def write_page(path: Path, results: Sequence[Results]) -> None:
    """Write the page of a run, without the board.

    Raises:
        OutputError: If it cannot be written.
    """
    from ...files import written_atomically
    from ..embeddings.store import writing

    with writing(path), written_atomically(path) as file:
        file.write(render(results).encode())


def render(
    results: Sequence[Results], board: Sequence[Row] = (), pairs: Sequence[Pair] = ()
) -> str:
    """The page.

    Args:
        results: Results of modules.
        board: Rows of the board; empty for a page without it.
        pairs: Compared results; empty for a page without them.
    """
    from ..board import read

    return pages.render(
        _FOLDER,
        "page.html",
        {"figure": figure, "interval": interval, "notes": notes},
        results=results,
        board=board,
        board_tasks=read().tasks if board else (),
        pairs=pairs,
        strips=strips(results),
    )


def figure(value: float | None) -> str:
    """A score in words."""
    if value is None:
        return "-"
    return "not defined" if value != value else f"{value:.4f}"


def interval(result: TaskResult) -> str:
    """The intervals of a result in words."""
    said = []
    if result.over_recordings is not None:
        low, high = result.over_recordings.low, result.over_recordings.high
        said.append(f"{low:.3f} to {high:.3f} over recordings")
    if result.over_seeds is not None:
        low, high, n = result.over_seeds.low, result.over_seeds.high, result.over_seeds.n
        said.append(f"{low:.3f} to {high:.3f} over {n} seeds")
    return ", ".join(said) or "-"


def notes(result: TaskResult) -> list[str]:
    """What a result is to be read with."""
    outside = []
    if result.probe != "mlp":
        outside.append(f"outside HEAR's protocol: {result.probe} probe")
    elif not result.is_protocol:
        outside.append(f"grid {result.grid} with {result.grid_points} points, not HEAR's")
    return [*outside, *filter(None, [result.resampled]), *result.warnings]
