"""Distil the general baseline: `python -m training.distill --data DIR --out DIR`.

Interrupt it whenever you like; the same command resumes from the last checkpoint.
"""

from __future__ import annotations

from pathlib import Path

import click
import torch

from training.distill.batches import Crops, Lessons
from training.distill.recipe import Recipe
from training.distill.run import Run, train


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Of the corpus.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Of this run.")
@click.option("--start", type=click.Path(path_type=Path), help="Run to begin with the weights of.")
@click.option("--steps", default=Recipe.steps, show_default=True, help="Updates in all.")
@click.option("--learning-rate", default=Recipe.learning_rate, show_default=True)
@click.option("--seed", default=Recipe.seed, show_default=True)
@click.option("--device", default="cpu", show_default=True)
@click.option("--threads", default=0, help="Of the CPU; by default PyTorch's choice.")
@click.option("--workers", default=0, help="Processes that draw batches ahead, for a GPU.")
@click.option("--batch-seconds", default=Crops.batch_seconds, show_default=True)
@click.option("--keep-every", default=1000, show_default=True, help="Steps between snapshots.")
def main(
    data: Path,
    out: Path,
    start: Path | None,
    steps: int,
    learning_rate: float,
    seed: int,
    device: str,
    threads: int,
    workers: int,
    batch_seconds: float,
    keep_every: int,
) -> None:
    """Distil on the corpus below DATA; keep state, log and snapshots in OUT."""
    if threads:
        torch.set_num_threads(threads)
    try:
        folders = sorted(path for path in (data / "teachers").glob("*") if path.is_dir())
        lessons = Lessons(data / "corpus", folders, data / "phones")
    except (FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    out.mkdir(parents=True, exist_ok=True)
    crops = Crops(batch_seconds=batch_seconds)
    recipe = Recipe(steps=steps, learning_rate=learning_rate, seed=seed, crops=crops)
    run = Run(recipe, lessons, out, device)
    if not run.resume() and start is not None:
        run.start(start)
    lines = train(run, log_every=50, save_every=100, keep_every=keep_every, workers=workers)
    for line in lines:
        click.echo(line)
