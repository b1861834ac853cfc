"""A run: the student in training, its updates, and what is kept of them.

Every random number of a step comes from the run's seed and the step, so an interrupted run sees
the same crops as one that was not, as long as no teacher has heard more of the corpus meanwhile.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import click
import torch
from torch.utils.data import DataLoader, Dataset

from hearbaseline.general.network import Network
from training.distill.batches import Batch, Lessons
from training.distill.objective import Loss, Student
from training.distill.recipe import Recipe
from training.running import Log, adamw, check_recipe, descend, plain, save_state


class Run:
    """A student in training, and where it is kept.

    Args:
        recipe: What it learns.
        lessons: From what.
        out: Folder of `state.pt`, `log.csv` and the snapshots.
        device: Where it computes.
    """

    def __init__(self, recipe: Recipe, lessons: Lessons, out: Path, device: str = "cpu"):
        self.recipe, self.lessons, self.out, self.device = recipe, lessons, out, device
        torch.manual_seed(recipe.seed)
        sizes = {name: array.shape[2] for name, array in lessons.features.items()}
        n_phones = len(lessons.speech.names)
        student = Student(Network(recipe.sizes), sizes, n_phones, recipe.objective)
        self.student = student.to(device)
        self.average = copy.deepcopy(self.student.network)
        self.optimiser = adamw(self.student, recipe.weight_decay)
        self.step = 0
        self.audio_seconds = 0.0

    def batches(self, workers: int = 0) -> Iterator[Batch]:
        """The batches of all steps that are left.

        Args:
            workers: Processes that draw them ahead; 0 draws each here when it is needed.
        """
        lessons = StepByStep(self.lessons, self.recipe)
        steps = range(self.step, self.recipe.steps)
        return iter(DataLoader(lessons, None, sampler=steps, num_workers=workers))

    def update(self, batch: Batch) -> tuple[Loss, float]:
        """One update; returns its loss and the norm of its gradient."""
        recipe = self.recipe
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = recipe.learning_rate_at(self.step)
        moved = Batch(
            batch.audio.to(self.device),
            {
                name: (heard.to(self.device), target.to(self.device))
                for name, (heard, target) in batch.targets.items()
            },
            batch.phones.to(self.device),
            batch.notes.to(self.device),
            batch.onsets.to(self.device),
        )
        loss = self.student(moved, recipe.crops.disturbances, generator)
        norm = descend(
            self.student, self.optimiser, loss.total, recipe.clip, step=self.step, out=self.out
        )
        self.step += 1
        self.audio_seconds += batch.audio.numel() / 16000
        self._average()
        return loss, norm

    @torch.no_grad()
    def _average(self) -> None:
        """Move the averaged weights towards the present ones; at first they are these."""
        share = 1 - min(self.recipe.average, (self.step - 1) / self.step)
        own, present = self.average.parameters(), self.student.network.parameters()
        for mean, parameter in zip(own, present, strict=True):
            mean.lerp_(parameter, share)

    def save(self) -> None:
        """Write all that a resumed run needs, atomically."""
        state = {
            "recipe": dataclasses.asdict(self.recipe),
            "step": self.step,
            "audio_seconds": self.audio_seconds,
            "student": self.student.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        save_state(self.out / "state.pt", state)

    def start(self, other: Path) -> None:
        """Begin with the weights of another run, and of its heads that this one has.

        Args:
            other: Its folder.

        Raises:
            click.ClickException: If there is none, or its network is another.
        """
        path = other / "state.pt"
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            self.student.load_state_dict(state["student"], strict=False)
            self.average.load_state_dict(state["average"])
        except FileNotFoundError:
            raise click.ClickException(f"{path}: there is no such run to start with") from None
        except RuntimeError as error:
            raise click.ClickException(f"{path}: is of another network: {error}") from None

    def resume(self) -> bool:
        """Go on where `save` left off, if it did.

        As long as the learning rate does not fall, a run may become longer or shorter.

        Returns:
            Whether it did.

        Raises:
            click.ClickException: If the folder is of a run with another recipe.
        """
        path = self.out / "state.pt"
        if not path.exists():
            return False
        state = torch.load(path, map_location=self.device, weights_only=True)
        kept, wanted = plain(state["recipe"]), plain(dataclasses.asdict(self.recipe))
        held = min(
            dataclasses.replace(self.recipe, steps=n).held_until
            for n in (kept["steps"], self.recipe.steps)
        )
        if state["step"] <= held:
            kept["steps"] = wanted["steps"]
        check_recipe(path, kept, wanted)
        self.student.load_state_dict(state["student"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.audio_seconds = state["step"], state["audio_seconds"]
        return True

    def export(self, path: Path) -> None:
        """Write the averaged model as the baseline reads it, rounded to half the size."""
        from safetensors.torch import save_file

        state = {
            name: tensor.detach().half().cpu().contiguous()
            for name, tensor in self.average.state_dict().items()
        }
        partial = path.with_suffix(".part")
        save_file(state, partial)
        partial.replace(path)


class StepByStep(Dataset[Batch]):
    """Batches by step, the same whichever process draws them.

    Args:
        lessons: From what.
        recipe: How, and the seed.
    """

    def __init__(self, lessons: Lessons, recipe: Recipe):
        self.lessons, self.recipe = lessons, recipe

    def __getitem__(self, step: int) -> Batch:
        return self.lessons.batch(self.recipe.crops, (self.recipe.seed, step))


def train(
    run: Run, *, log_every: int, save_every: int, keep_every: int, workers: int = 0
) -> Iterator[str]:
    """Train to the recipe's last step; yields a line for every row of the log."""
    names = list(run.lessons.features)
    measured = ["loss", *names, "phones", "notes", "onsets", "gradient_norm"]
    columns = ["step", *measured, "learning_rate", "audio_hours", "wall_seconds"]
    log = Log(run.out / "log.csv", columns, run.step)
    seen: dict[str, list[float]] = {name: [] for name in measured}
    for batch in run.batches(workers):
        at = run.step
        loss, norm = run.update(batch)
        parts = {
            "loss": loss.total,
            **loss.errors,
            "phones": loss.phones,
            "notes": loss.notes,
            "onsets": loss.onsets,
        }
        for name, part in parts.items():
            seen[name].append(float(part.detach()))
        seen["gradient_norm"].append(norm)
        if run.step % log_every == 0:
            row: dict[str, float] = {"step": run.step}
            # A teacher that heard nothing of these batches has no error.
            row |= {n: float(f"{sum(v) / len(v):.5g}") for n, v in seen.items() if v}
            seen = {name: [] for name in measured}
            row["learning_rate"] = float(f"{run.recipe.learning_rate_at(at):.4g}")
            row["audio_hours"] = round(run.audio_seconds / 3600, 3)
            log.add(row)
            yield "  ".join(f"{name} {value:g}" for name, value in row.items())
        if run.step % save_every == 0 or run.step == run.recipe.steps:
            run.save()
        if run.step % keep_every == 0 or run.step == run.recipe.steps:
            run.export(run.out / f"step{run.step:06d}.safetensors")
