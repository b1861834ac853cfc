"""The baselines next to each other, with the weights they come with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import torch

from ._measure import took_ms
from ._tables import Cell, Table, Timing

_MODELS: dict[str, dict[str, str]] = {
    "mel": {},
    "crepe": {},
    "crepe tiny": {"capacity": "tiny"},
    "wav2vec2": {},
    "general": {},
}
_SECONDS = 10
_TURNS, _QUICK_TURNS = 9, 3


@torch.no_grad()
def tables(device: str, *, quick: bool) -> list[Table]:
    """Seconds of audio that each embeds in a second, in turns."""
    calls: dict[str, list[tuple[Callable[[torch.Tensor], Any], torch.Tensor]]] = {}
    for name, options in _MODELS.items():
        module = import_module(f"hearbaseline.{name.split()[0]}")
        model = module.load_model(**options).to(device)
        audio = torch.rand(1, _SECONDS * model.sample_rate, device=device) - 0.5
        calls[name] = [
            (partial(module.get_timestamp_embeddings, model=model), audio),
            (partial(module.get_scene_embeddings, model=model), audio),
        ]
    turns: dict[str, list[tuple[float, ...]]] = {name: [] for name in calls}
    for turn in range((_QUICK_TURNS if quick else _TURNS) + 1):
        for name, both in calls.items():
            rates = tuple(1000 * _SECONDS / took_ms(call, audio) for call, audio in both)
            if turn:  # the first plans and allocates
                turns[name].append(rates)
    rows: list[dict[str, Cell]] = []
    for name, taken in turns.items():
        timestamps, scenes = (Timing(side) for side in zip(*taken, strict=True))
        rows.append({"baseline": name, "timestamps": timestamps, "scenes": scenes})
    title = f"Baselines, {_SECONDS} s: audio seconds a second"
    return [Table("baselines", title, tuple(rows))]
