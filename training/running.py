"""What the runs of `training.pretrain` and `training.distill` have in common."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor, nn

from hearkit.files import written_atomically


def adamw(model: nn.Module, weight_decay: float) -> torch.optim.AdamW:
    """The optimiser: weights of matrices decay, biases and norms do not."""
    return torch.optim.AdamW(
        [
            {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ],
        betas=(0.9, 0.98),
        eps=1e-6,
        fused=True,
    )


def descend(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    loss: Tensor,
    clip: float,
    *,
    step: int,
    out: Path,
) -> float:
    """Change a model along the gradient of a loss.

    Args:
        model: The model.
        optimiser: Of its parameters.
        loss: What is minimised; a scalar with a gradient.
        clip: Greatest norm of the gradient.
        step: The update's number, for the message.
        out: The run's folder, for the message.

    Returns:
        The norm of the gradient, before it was clipped.

    Raises:
        click.ClickException: If the gradient is not finite.
    """
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(model.parameters(), clip)
    if not norm.isfinite():
        raise click.ClickException(
            f"step {step}: the gradient is not finite; the last checkpoint in {out} "
            "is still good: resume from it with a lower --learning-rate"
        )
    optimiser.step()
    return float(norm)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write all that a resumed run needs, atomically."""
    with written_atomically(path) as file:
        torch.save(state, file)


def plain(recipe: dict[str, Any]) -> dict[str, Any]:
    """A recipe as it is after it was kept: tuples are lists."""
    found: dict[str, Any] = json.loads(json.dumps(recipe))
    return found


def check_recipe(path: Path, kept: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuse to resume a run with another recipe.

    Args:
        path: The state, for the message.
        kept: The recipe of the run, see `plain`.
        wanted: The recipe that is to be followed, likewise.

    Raises:
        click.ClickException: If they differ.
    """
    other = sorted(key for key in wanted if kept.get(key) != wanted[key])
    if other:
        raise click.ClickException(
            f"{path}: was trained with another {', '.join(other)}; give the same options or "
            "another --out"
        )


class Log:
    """`log.csv`: a row for every few steps; rows that a resumed run repeats are dropped.

    Args:
        path: The file.
        columns: Its columns, "step" first.
        step: Step from which the run resumes.
    """

    def __init__(self, path: Path, columns: Sequence[str], step: int):
        self.path, self.columns = path, columns
        rows = []
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                rows = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
        self.earlier = float(rows[-1]["wall_seconds"]) if rows else 0.0
        self.start = time.monotonic()
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)

    def add(self, row: dict[str, float]) -> None:
        """Append one row."""
        row["wall_seconds"] = round(self.earlier + time.monotonic() - self.start, 1)
        with self.path.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, self.columns).writerow(row)
