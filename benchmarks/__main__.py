"""`python -m benchmarks [SUBJECT...] [--quick] [--json FILE]` prints tables and keeps them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from ._compare import compare
from ._machine import describe, limits
from ._tables import Table, save

SUBJECTS = tuple(
    module.name
    for module in pkgutil.iter_modules([str(Path(__file__).parent)])
    if not module.name.startswith("_") and module.name != "draw"
)


@click.command()
@click.argument("subjects", nargs=-1, type=click.Choice(SUBJECTS))
@click.option("--quick", is_flag=True, help="Few cases, short sounds, few turns.")
@click.option("--device", default="cpu", show_default=True, help="Where baselines compute.")
@click.option(
    "--json", "file", type=click.Path(path_type=Path), help="Keep every figure in this file."
)
def main(subjects: tuple[str, ...], quick: bool, device: str, file: Path | None) -> None:
    """Measure SUBJECTS, by default all: baselines next to their peers, commands, start-up."""
    # Markdown, for RESULTS.md; wide enough that no figure is cut where the output is a file.
    console = Console(width=None if Console().is_terminal else 240)
    machine = describe(device)
    most = limits(device)
    machine["matrix product, GFLOP/s"] = round(most.matrix / 1e9, 1)
    machine["copy, GB/s"] = round(most.copy / 1e9, 1)
    console.print("; ".join(f"{k}: {v}" for k, v in machine.items()), highlight=False)
    tables = []
    for subject in subjects or SUBJECTS:
        for table in _tables(subject, device, quick=quick):
            table.print(console)
            tables.append(table)
            if file:  # after each, so that an interrupted run keeps what it has
                save(file, machine, tables)


def _tables(subject: str, device: str, *, quick: bool) -> Iterator[Table]:
    """A module offers either `duels`, as the baselines do, or its own `tables`."""
    module = importlib.import_module(f"benchmarks.{subject}")
    if hasattr(module, "duels"):
        yield from compare(subject, device, quick=quick)
    else:
        yield from module.tables(device, quick=quick)


if __name__ == "__main__":
    main()
