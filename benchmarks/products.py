"""The baselines' products with prepacked weights next to PyTorch's matrix product."""

from __future__ import annotations

from functools import partial

import torch

from hearbaseline._packed import product

from ._measure import took_ms
from ._tables import Cell, Table, Timing

_WEIGHTS = ((256, 4096), (768, 768), (768, 3072), (3072, 768))
"""Into and out of mel's projection, and of wav2vec 2.0's attention and feed-forward layers."""

_ROWS = (1, 20, 50, 150, 500, 1500)
"""Frames: of a scene, a second of mel, and 1, 3, 10 and 30 s of wav2vec 2.0."""

_TURNS, _QUICK_TURNS = 41, 5


@torch.no_grad()
def tables(device: str, *, quick: bool) -> list[Table]:
    """Milliseconds of both in turns, and the rate of ours."""
    rows: list[dict[str, Cell]] = []
    for n_in, n_out in _WEIGHTS:
        weights = torch.rand(n_in, n_out, device=device) - 0.5
        for n in _ROWS:
            x = torch.rand(n, n_in, device=device) - 0.5
            ours, theirs = partial(product, matrix=weights), partial(torch.matmul, other=weights)
            turns = [
                (took_ms(theirs, x), took_ms(ours, x))
                for _ in range((_QUICK_TURNS if quick else _TURNS) + 1)
            ][1:]  # the first prepacks the weights
            peer, our = (Timing(side) for side in zip(*turns, strict=True))
            rows.append(
                {
                    "rows": n,
                    "from": n_in,
                    "to": n_out,
                    "matmul ms": peer,
                    "our ms": our,
                    "matmul / ours": peer.over(our),
                    "our GFLOP/s": 2 * n * n_in * n_out / our.median / 1e6,
                }
            )
    title = "Products with prepacked weights, next to torch.matmul: ms, median (least-most)"
    return [Table("products", title, tuple(rows))]
