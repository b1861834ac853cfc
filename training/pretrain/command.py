"""Pretrain the wav2vec 2.0 baseline: `python -m training.pretrain --data DIR --out DIR`.

Interrupt it whenever you like; the same command resumes from the last checkpoint.
"""

from __future__ import annotations

from pathlib import Path

import click
import torch

from training.pretrain.batches import Corpus
from training.pretrain.recipe import Recipe
from training.pretrain.run import Run, train


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Of the corpus.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Of this run.")
@click.option("--steps", default=Recipe.steps, show_default=True, help="Updates in all.")
@click.option("--learning-rate", default=Recipe.learning_rate, show_default=True)
@click.option("--seed", default=Recipe.seed, show_default=True)
@click.option("--bfloat16", is_flag=True, help="Faster where the processor computes in it.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--threads", default=0, help="Of the CPU; by default PyTorch's choice.")
@click.option("--keep-every", default=1000, show_default=True, help="Steps between snapshots.")
def main(
    data: Path,
    out: Path,
    steps: int,
    learning_rate: float,
    seed: int,
    bfloat16: bool,
    device: str,
    threads: int,
    keep_every: int,
) -> None:
    """Pretrain on the corpus below DATA; keep state, log and snapshots in OUT."""
    if threads:
        torch.set_num_threads(threads)
    try:
        corpus = Corpus(data / "corpus")
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from None
    out.mkdir(parents=True, exist_ok=True)
    recipe = Recipe(steps=steps, learning_rate=learning_rate, seed=seed, bfloat16=bfloat16)
    run = Run(recipe, corpus, out, device)
    run.resume()
    for line in train(run, log_every=50, save_every=250, keep_every=keep_every):
        click.echo(line)
