"""Several runs side by side: on a console, as JSON, as a page."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

from rich.table import Table
from rich.text import Text

from hearkit.text import one_line

from ..compare import Comparison, Outcome, differ
from .console import MARKS, console_into
from .summary import summary, verdict_of


def render(comparison: Comparison, *, everything: bool = False, quiet: bool = False) -> str:
    """A table of key figures, and of the checks that came out differently.

    Args:
        comparison: What to print.
        everything: Whether to print the checks as well in which all agree.
        quiet: Whether to print the last line only.
    """
    out = io.StringIO()
    console = console_into(out)
    if not quiet:
        console.print(_table(comparison, everything=everything))
        console.print()
        for outcome in comparison.outcomes:
            if outcome.problem:
                said = f"{outcome.entry.name} could not be run: {one_line(outcome.problem)}"
                console.print(Text(said, "red"), soft_wrap=True)
    console.print(Text(summary(comparison), "bold"), soft_wrap=True)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def _table(comparison: Comparison, *, everything: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", overflow="fold")
    for outcome in comparison.outcomes:
        table.add_column(Text(one_line(outcome.entry.name)), overflow="fold")
    table.add_row("verdict", *(_coloured(outcome) for outcome in comparison.outcomes))
    for name, figures in comparison.figures():
        table.add_row(Text(name, "dim"), *(Text(str(f) if f else "-") for f in figures))
    table.add_row()
    for check, results in comparison.rows():
        if everything or differ(results):
            marks = [MARKS[r.status] if r else ("-", "dim") for r in results]
            table.add_row(
                Text(f"{check.id} {check.title}"), *(Text(mark, style) for mark, style in marks)
            )
    return table


def _coloured(outcome: Outcome) -> Text:
    verdict = verdict_of(outcome)
    return Text(verdict, "green" if verdict == "conforms" else "bold red")


def as_json(comparison: Comparison) -> str:
    """All that is known of the runs, for programs."""
    return json.dumps(comparison.to_dict(), indent=2, allow_nan=False) + "\n"


def as_html(comparison: Comparison) -> str:
    """One page."""
    from .html import render_comparison

    return render_comparison(comparison)


RENDERERS: dict[str, Callable[[Comparison], str]] = {"json": as_json, "html": as_html}
"""What can be written to a file, by the name of its option."""
