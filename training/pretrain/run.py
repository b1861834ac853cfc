"""A run: the model in training, its updates, and what is kept of them.

Every random number of a step is drawn from a generator that is seeded with the run's seed and the
step, so an interrupted run sees the same crops, masks and noise as one that was not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from hearbaseline.wav2vec2.checkpoint import save_checkpoint
from training.pretrain.batches import Corpus
from training.pretrain.objective import Loss, Pretraining
from training.pretrain.recipe import Recipe
from training.pretrain.start import start
from training.running import Log, adamw, check_recipe, descend, plain, save_state

COLUMNS = (
    "step", "loss", "contrastive", "accuracy", "perplexity", "spectra", "gradient_norm",
    "learning_rate", "gumbel", "audio_hours", "wall_seconds",
)  # fmt: skip
"""Of `log.csv`."""


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
        self.optimiser = adamw(self.learner, recipe.weight_decay)
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
        norm = descend(
            self.learner, self.optimiser, loss.total, recipe.clip, step=self.step, out=self.out
        )
        self.step += 1
        self.audio_seconds += audio.numel() / 16000
        return loss, norm

    def save(self) -> None:
        """Write all that a resumed run needs, atomically."""
        state = {
            "recipe": asdict(self.recipe),
            "step": self.step,
            "audio_seconds": self.audio_seconds,
            "learner": self.learner.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        save_state(self.out / "state.pt", state)

    def resume(self) -> None:
        """Go on where `save` left off, if it did."""
        path = self.out / "state.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        check_recipe(path, plain(state["recipe"]), plain(asdict(self.recipe)))
        self.learner.load_state_dict(state["learner"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.audio_seconds = state["step"], state["audio_seconds"]

    def export(self, path: Path) -> None:
        """Write the model alone, as the baseline reads it, rounded to half the size."""
        state = self.learner.model.state_dict()
        save_checkpoint(path, state, self.recipe.architecture, torch.float16)


def train(run: Run, *, log_every: int, save_every: int, keep_every: int) -> Iterator[str]:
    """Train to the recipe's last step; yields a line for every row of the log."""
    log = Log(run.out / "log.csv", COLUMNS, run.step)
    seen: list[tuple[float, ...]] = []
    while run.step < run.recipe.steps:
        at = run.step
        loss, norm = run.update()
        parts = (loss.total, loss.contrastive, loss.accuracy, loss.perplexity, loss.spectra)
        seen.append((*(float(part.detach()) for part in parts), norm))
        if run.step % log_every == 0:
            means = [sum(column) / len(seen) for column in zip(*seen, strict=True)]
            seen.clear()
            row = dict(zip(COLUMNS[1:7], (float(f"{mean:.5g}") for mean in means), strict=True))
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
