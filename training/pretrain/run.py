"""A run: the model in training, its updates, and what is kept of them.

Every random number of a step is drawn from a generator that is seeded with the run's seed and the
step, so an interrupted run sees the same crops, masks and noise as one that was not.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import torch
from torch import nn

from hearbaseline.wav2vec2.checkpoint import save_checkpoint
from training.pretrain.batches import Corpus
from training.pretrain.objective import Loss, Pretraining
from training.pretrain.recipe import Recipe
from training.pretrain.start import start


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
                "is still good: resume from it with a lower --learning-rate"
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
        step: Step from which the run resumes.
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
