"""Pretrain the wav2vec 2.0 baseline: `python -m training.pretrain --data DIR --out DIR`.

Interrupt it whenever you like; the same command goes on from the last checkpoint. Every random
number of a step is drawn from a generator that is seeded with the run's seed and the step, so an
interrupted run sees the same crops, masks and noise as one that was not.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import torch
from torch import nn

from hearbaseline.wav2vec2.checkpoint import save_checkpoint
from training.batches import Corpus, Crops
from training.objective import Loss, Objective, Pretraining
from training.start import start

ARCHITECTURE: dict[str, Any] = {
    # Long filters at first, few layers behind them: the authors' seven layers of short filters
    # spend nearly all of their time where there are many frames, and learn pitch last.
    "extractor_mode": "layer_norm",
    "extractor_conv_layer_config": [[512, 1024, 80], [256, 3, 2], [256, 3, 2]],
    "extractor_conv_bias": True,
    "filters": "gabor",
    "encoder_embed_dim": 384,
    "encoder_pos_conv_kernel": 64,
    "encoder_pos_conv_groups": 16,
    "encoder_num_layers": 4,
    "encoder_num_heads": 6,
    "encoder_ff_interm_features": 1024,
    "encoder_layer_norm_first": True,
    "normalise": True,
    "layer": 0,  # the best of them on the probes' average, once trained
    "pooling": "mean, deviation",
}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a run learns.

    Attributes:
        steps: Updates.
        warmup: Share of the updates, at the start, in which the learning rate grows.
        decay: Share of the updates, at the end, in which it falls to zero.
        learning_rate: Between the two.
        weight_decay: Of matrices, not of biases and norms.
        clip: Greatest norm of the gradient.
        gumbel_share: Share of the updates in which the Gumbel temperature falls to its least.
        seed: Of weights, crops, masks, noise and distractors.
        bfloat16: Whether products are computed in it.
        architecture, objective, crops: The model, its task and its audio.
    """

    steps: int = 10000
    warmup: float = 0.1
    decay: float = 0.3
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    clip: float = 1.0
    gumbel_share: float = 0.6
    seed: int = 0
    bfloat16: bool = False
    architecture: dict[str, Any] = field(default_factory=lambda: ARCHITECTURE)
    objective: Objective = field(default_factory=Objective)
    crops: Crops = field(default_factory=Crops)

    def learning_rate_at(self, step: int) -> float:
        """Warm up, hold, decay."""
        rising = (step + 1) / max(1.0, self.warmup * self.steps)
        falling = (self.steps - step) / max(1.0, self.decay * self.steps)
        return self.learning_rate * min(1.0, rising, falling)

    def gumbel_at(self, step: int) -> float:
        """Falls by the same factor at each step, as in the paper (section 4.2)."""
        most, least = self.objective.gumbel
        gone = min(1.0, step / max(1.0, self.gumbel_share * self.steps))
        return float(most * (least / most) ** gone)


class Run:
    """A model in training, and where it is kept.

    Args:
        recipe: What it learns.
        corpus: From what.
        out: Folder of `state.pt`, `log.csv` and the snapshots.
        device: Where it computes.
    """

    def __init__(self, recipe: Recipe, corpus: Corpus, out: Path, device: str):
        self.recipe, self.corpus, self.out, self.device = recipe, corpus, out, device
        torch.manual_seed(recipe.seed)
        self.learner = Pretraining(start(recipe.architecture), recipe.objective).to(device)
        # Norms, GELUs and transposes fuse, a third of the time. A length is a shape of its own.
        for part in (self.learner.model.feature_extractor, *self.learner.layers()):
            part.compile(dynamic=False)
        matrices = [p for p in self.learner.parameters() if p.ndim > 1]
        vectors = [p for p in self.learner.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": recipe.weight_decay},
                {"params": vectors, "weight_decay": 0.0},
            ],
            betas=(0.9, 0.98),
            eps=1e-6,
            fused=True,
        )
        self.step = 0
        self.audio_seconds = 0.0

    def update(self) -> tuple[Loss, float]:
        """One update; returns its loss and the norm of its gradient."""
        recipe = self.recipe
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + self.step)
        audio = self.corpus.batch(recipe.crops, generator).to(self.device)
        for group in self.optimiser.param_groups:
            group["lr"] = recipe.learning_rate_at(self.step)
        kind = torch.device(self.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=recipe.bfloat16):
            loss = self.learner(audio, recipe.gumbel_at(self.step), generator)
        self.optimiser.zero_grad()
        loss.total.backward()
        norm = nn.utils.clip_grad_norm_(self.learner.parameters(), recipe.clip)
        if not norm.isfinite():
            raise click.ClickException(
                f"step {self.step}: the gradient is not finite; the last checkpoint in {self.out} "
                "is still good: go on from it with a lower --learning-rate"
            )
        self.optimiser.step()
        self.step += 1
        self.audio_seconds += audio.numel() / 16000
        return loss, float(norm)

    def save(self) -> None:
        """Write all that a resumed run needs, atomically."""
        state = {
            "recipe": asdict(self.recipe),
            "step": self.step,
            "audio_seconds": self.audio_seconds,
            "learner": self.learner.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        partial = self.out / "state.pt.part"
        torch.save(state, partial)
        partial.replace(self.out / "state.pt")

    def resume(self) -> None:
        """Go on where `save` left off, if it did."""
        path = self.out / "state.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        kept, wanted = (json.loads(json.dumps(r)) for r in (state["recipe"], asdict(self.recipe)))
        other = sorted(key for key in wanted if kept.get(key) != wanted[key])
        if other:
            raise click.ClickException(
                f"{path}: was trained with another {', '.join(other)}; give the same options or "
                "another --out"
            )
        self.learner.load_state_dict(state["learner"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.audio_seconds = state["step"], state["audio_seconds"]

    def export(self, path: Path) -> None:
        """Write the model alone, as the baseline reads it, rounded to half the size."""
        state = self.learner.model.state_dict()
        save_checkpoint(path, state, self.recipe.architecture, torch.float16)


class Log:
    """`log.csv`: a row for every few steps; rows that a resumed run repeats are dropped.

    Args:
        path: The file.
        step: From which the run goes on.
    """

    COLUMNS = (
        "step", "loss", "contrastive", "accuracy", "perplexity", "spectra", "gradient_norm",
        "learning_rate", "gumbel", "audio_hours", "wall_seconds",
    )  # fmt: skip

    def __init__(self, path: Path, step: int):
        self.path = path
        rows = []
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                rows = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
        self.earlier = float(rows[-1]["wall_seconds"]) if rows else 0.0
        self.start = time.monotonic()
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, self.COLUMNS)
            writer.writeheader()
            writer.writerows(rows)

    def add(self, row: dict[str, float]) -> None:
        """Append one row."""
        row["wall_seconds"] = round(self.earlier + time.monotonic() - self.start, 1)
        with self.path.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, self.COLUMNS).writerow(row)


def train(run: Run, *, log_every: int, save_every: int, keep_every: int) -> Iterator[str]:
    """Train to the recipe's last step; yields a line for every row of the log."""
    log = Log(run.out / "log.csv", run.step)
    seen: list[tuple[float, ...]] = []
    while run.step < run.recipe.steps:
        at = run.step
        loss, norm = run.update()
        parts = (loss.total, loss.contrastive, loss.accuracy, loss.perplexity, loss.spectra)
        seen.append((*(float(part.detach()) for part in parts), norm))
        if run.step % log_every == 0:
            means = [sum(column) / len(seen) for column in zip(*seen, strict=True)]
            seen.clear()
            row = dict(zip(Log.COLUMNS[1:7], (float(f"{mean:.5g}") for mean in means), strict=True))
            row = {
                "step": run.step,
                **row,
                "learning_rate": float(f"{run.recipe.learning_rate_at(at):.4g}"),
                "gumbel": float(f"{run.recipe.gumbel_at(at):.4g}"),
                "audio_hours": round(run.audio_seconds / 3600, 3),
            }
            log.add(row)
            yield "  ".join(f"{name} {value:g}" for name, value in row.items())
        if run.step % save_every == 0 or run.step == run.recipe.steps:
            run.save()
        if run.step % keep_every == 0 or run.step == run.recipe.steps:
            run.export(run.out / f"step{run.step:06d}.safetensors")


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


if __name__ == "__main__":
    main()
