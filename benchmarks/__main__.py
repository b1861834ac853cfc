"""`python -m benchmarks [mel] [crepe] [--quick] [--device cuda]` prints the tables."""

from __future__ import annotations

import importlib
import os
import pkgutil
from pathlib import Path

import click
import torch
from rich import box
from rich.console import Console
from rich.table import Table

from .measure import Duel, alone, fight

BASELINES = tuple(
    module.name
    for module in pkgutil.iter_modules([str(Path(__file__).parent)])
    if module.name not in ("__main__", "measure")
)
_MINUTES = (1, 5, 20)


@click.command()
@click.argument("baselines", nargs=-1, type=click.Choice(BASELINES))
@click.option("--quick", is_flag=True, help="Two cases and one minute instead of twenty.")
@click.option("--device", default="cpu", show_default=True)
def main(baselines: tuple[str, ...], quick: bool, device: str) -> None:
    """Compare the baselines with their peers, in turns, and measure long audio."""
    # Markdown, for RESULTS.md; wide enough that no figure is cut where the output is a file.
    console = Console(width=None if Console().is_terminal else 160)
    load = ", ".join(f"{figure:.1f}" for figure in os.getloadavg())
    console.print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {device}; "
        f"{os.cpu_count()} cores, load before the run {load}",
        highlight=False,
    )
    for name in baselines or BASELINES:
        duels = importlib.import_module(f"benchmarks.{name}").duels(device)
        for number, duel in enumerate(duels):
            _compare(console, name, number, duel, device, quick=quick)
        for number, duel in enumerate(duels):
            _lengthen(console, name, number, duel, device, quick=quick)


def _compare(
    console: Console, name: str, number: int, duel: Duel, device: str, *, quick: bool
) -> None:
    title = f"{duel.name}: ms a frame, median (least-most)"
    table = Table(title=title, box=box.MARKDOWN)
    columns = (
        "sounds",
        "s each",
        duel.peer_name,
        "ours",
        "times as fast",
        "audio s / s",
        "peer MB",
        "our MB",
        "rel. error",
    )
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for case in duel.cases[:2] if quick else duel.cases:
        row = fight(duel, case, device)
        peer, ours = (alone(name, number, side, case, device) for side in ("peer", "ours"))
        table.add_row(
            str(row.n_sounds),
            f"{row.seconds:g}",
            str(row.peer),
            str(row.ours),
            f"{row.ratio:.1f}",
            f"{duel.hop_ms / row.ours.median:.3g}",
            f"{peer.peak_mb:.0f}",
            f"{ours.peak_mb:.0f}",
            f"{row.relative_error:.1e}",
        )
    console.print(table)


def _lengthen(
    console: Console, name: str, number: int, duel: Duel, device: str, *, quick: bool
) -> None:
    """Show that time is linear in length and that memory is bounded."""
    table = Table(title=f"{duel.name}: ours, one long sound", box=box.MARKDOWN)
    for column in ("minutes", "s", "s a minute", "peak MB", "output MB", "limit MB"):
        table.add_column(column, justify="right", no_wrap=True)
    for minutes in _MINUTES[:1] if quick else _MINUTES:
        done = alone(name, number, "ours", (1, 60.0 * minutes, 1), device)
        table.add_row(
            str(minutes),
            f"{done.seconds:.2f}",
            f"{done.seconds / minutes:.3f}",
            f"{done.peak_mb:.0f}",
            f"{done.output_mb:.0f}",
            f"{2 * done.output_mb + 500:.0f}",
        )
    console.print(table)


if __name__ == "__main__":
    main()
