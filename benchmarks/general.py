"""The general baseline: how fast it is, by length and number of sounds, and its parts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from hearbaseline import general

from ._measure import took_ms
from ._tables import Cell, Table, Timing

_CASES = ((1, 1.0, 15), (32, 1.0, 5), (1, 10.0, 7), (1, 30.0, 5), (1, 300.0, 3))
"""Number of sounds, seconds of each, turns."""


@torch.no_grad()
def tables(device: str, *, quick: bool) -> list[Table]:
    """Seconds of audio a second: embeddings, spectrograms alone, and these with the notes."""
    model = general.load_model().to(device)

    def notes(audio: Tensor) -> Tensor:
        return model.network.notes(model.spectra(audio)[1])

    calls: dict[str, Callable[[Tensor], Any]] = {
        "timestamps": partial(general.get_timestamp_embeddings, model=model),
        "scenes": partial(general.get_scene_embeddings, model=model),
        "spectrograms": model.spectra,
        "spectrograms and notes": notes,
    }
    rows: list[dict[str, Cell]] = []
    for n_sounds, seconds, n_turns in _CASES[:1] if quick else _CASES:
        audio = torch.rand(n_sounds, int(seconds * model.sample_rate), device=device) - 0.5
        row: dict[str, Cell] = {"sounds": n_sounds, "seconds": seconds}
        for name, call in calls.items():
            took = [took_ms(call, audio) for _ in range(n_turns + 1)]
            # The first plans and allocates.
            row[name] = Timing(tuple(1000 * n_sounds * seconds / ms for ms in took[1:]))
        rows.append(row)
    return [Table("general", "General baseline: audio seconds a second", tuple(rows))]
