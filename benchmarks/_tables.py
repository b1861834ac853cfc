"""What a benchmark gives: tables, printed as Markdown and kept as JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as Printed


@dataclass(frozen=True)
class Timing:
    """A figure of several turns."""

    turns: tuple[float, ...]

    @property
    def median(self) -> float:
        """What to quote."""
        return statistics.median(self.turns)

    def over(self, other: Timing) -> float:
        """The median of the ratios of neighbouring turns."""
        return statistics.median(a / b for a, b in zip(self.turns, other.turns, strict=True))

    def __str__(self) -> str:
        """Median, then least and most."""
        return f"{self.median:.3g} ({min(self.turns):.3g}-{max(self.turns):.3g})"


Cell = str | int | float | Timing


@dataclass(frozen=True)
class Table:
    """Rows of cells by the name of their column.

    Attributes:
        subject: The module that made it.
        title: What is measured, in which unit.
        rows: The same columns in each.
    """

    subject: str
    title: str
    rows: tuple[dict[str, Cell], ...]

    def print(self, console: Console) -> None:
        """As Markdown, for RESULTS.md."""
        table = Printed(title=self.title, box=box.MARKDOWN)
        for column in self.rows[0]:
            table.add_column(column, justify="right", no_wrap=True)
        for row in self.rows:
            table.add_row(*(_shown(cell) for cell in row.values()))
        console.print(table)


def _shown(cell: Cell) -> str:
    return f"{cell:.3g}" if isinstance(cell, float) else str(cell)


def save(path: Path, machine: dict[str, Any], tables: Sequence[Table]) -> None:
    """Write a run, every turn of it, for `benchmarks.draw` and for later comparison."""
    run = {"machine": machine, "tables": [asdict(table) for table in tables]}
    path.write_text(json.dumps(run, indent=1) + "\n", "utf-8")


def load(path: Path) -> tuple[dict[str, Any], list[Table]]:
    """Read what `save` wrote."""
    run = json.loads(path.read_text("utf-8"))
    tables = [
        Table(
            table["subject"],
            table["title"],
            tuple({name: _cell(value) for name, value in row.items()} for row in table["rows"]),
        )
        for table in run["tables"]
    ]
    return run["machine"], tables


def _cell(value: Any) -> Cell:
    if isinstance(value, dict):
        return Timing(tuple(value["turns"]))
    cell: Cell = value
    return cell
