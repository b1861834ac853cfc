"""`python -m benchmarks [mel] [crepe] [--quick] [--device cuda]` prints the tables."""

from __future__ import annotations

import importlib

import click
import torch
from rich.console import Console
from rich.table import Table

from .measure import Duel, fight, long_call

BASELINES = ("mel", "crepe")
_MINUTES = (1, 5, 20)


@click.command()
@click.argument("baselines", nargs=-1, type=click.Choice(BASELINES))
@click.option("--quick", is_flag=True, help="Two cases and one minute instead of twenty.")
@click.option("--device", default="cpu", show_default=True)
def main(baselines: tuple[str, ...], quick: bool, device: str) -> None:
    """Compare the baselines with their peers, in turns, and measure long audio."""
    console = Console()
    console.print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {device}")
    for name in baselines or BASELINES:
        for duel in importlib.import_module(f"benchmarks.{name}").duels(device):
            _compare(console, duel, device, quick=quick)
        _lengthen(console, name, quick=quick)


def _compare(console: Console, duel: Duel, device: str, *, quick: bool) -> None:
    table = Table(title=f"{duel.name}: ms a frame, median (least-most)")
    columns = (
        "sounds",
        "s each",
        duel.peer_name,
        "ours",
        "times as fast",
        "audio s / s",
        "rel. error",
    )
    for column in columns:
        table.add_column(column, justify="right")
    for case in duel.cases[:2] if quick else duel.cases:
        row = fight(duel, case, device)
        table.add_row(
            str(row.n_sounds),
            f"{row.seconds:g}",
            str(row.peer),
            str(row.ours),
            f"{row.ratio:.1f}",
            f"{duel.hop_ms / row.ours.median:.3g}",
            f"{row.relative_error:.1e}",
        )
    console.print(table)


def _lengthen(console: Console, name: str, *, quick: bool) -> None:
    table = Table(title=f"{name}: one long sound on the CPU")
    for column in ("function", "minutes", "s", "s a minute", "peak MB", "output MB", "limit MB"):
        table.add_column(column, justify="right")
    for function in ("get_timestamp_embeddings", "get_scene_embeddings"):
        for minutes in _MINUTES[:1] if quick else _MINUTES:
            done = long_call(f"hearbaseline.{name}", function, 60 * minutes)
            table.add_row(
                function,
                str(minutes),
                f"{done.seconds:.2f}",
                f"{done.seconds / minutes:.2f}",
                f"{done.peak_mb:.0f}",
                f"{done.output_mb:.0f}",
                f"{2 * done.output_mb + 500:.0f}",
            )
    console.print(table)


if __name__ == "__main__":
    main()
