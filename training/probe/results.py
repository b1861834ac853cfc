"""What the probes gave, as a table, Markdown or JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from training.probe.scores import Score

MAP = "mAP"
"""Mean average precision; other tasks have accuracies."""


@dataclass
class Line:
    """An embedding's scores.

    Attributes:
        name: Of the embedding.
        layer: Which one, where it has layers.
        size: Numbers in the embedding; None for what needs none.
        scores: By task.
    """

    name: str
    layer: int | None
    size: int | None
    scores: dict[str, Score] = field(default_factory=dict)


@dataclass(frozen=True)
class Results:
    """A run.

    Attributes:
        tasks: What the table's columns are, by name: number of clips and groups, and metric.
        lines: The table's rows.
    """

    tasks: dict[str, dict[str, Any]]
    lines: list[Line]

    def table(self) -> Table:
        """For the console."""
        table = Table()
        for number, name in enumerate(self._header()):
            table.add_column(name, justify="right" if number else "left")
        for cells in self._cells():
            table.add_row(*cells)
        return table

    def markdown(self) -> str:
        """For a document."""
        header = self._header()
        ruler = ["---", *["---:"] * (len(header) - 1)]
        rows = [header, ruler, *self._cells()]
        return "".join(f"| {' | '.join(row)} |\n" for row in rows)

    def json(self) -> str:
        """Everything, with the score of each fold."""
        rows = [
            {
                "embedding": line.name,
                "layer": line.layer,
                "size": line.size,
                "scores": {
                    task: {"mean": score.mean, "std": score.std, **asdict(score)}
                    for task, score in line.scores.items()
                },
            }
            for line in self.lines
        ]
        return json.dumps({"tasks": self.tasks, "rows": rows}, indent=1, ensure_ascii=False) + "\n"

    def _header(self) -> list[str]:
        columns = []
        for name, task in self.tasks.items():
            columns.append(f"{name} ({task['metric']})")
            if task["metric"] == MAP:
                columns.append(f"{name} (pooled {MAP})")
        return ["embedding", "layer", "size", *columns]

    def _cells(self) -> list[list[str]]:
        rows = []
        for line in self.lines:
            row = [line.name, *("" if n is None else str(n) for n in (line.layer, line.size))]
            for name, task in self.tasks.items():
                score = line.scores[name]
                row.append(f"{score.mean:.3f} ± {score.std:.3f}")
                if task["metric"] == MAP:
                    row.append(f"{score.pooled:.3f}")
            rows.append(row)
        return rows
