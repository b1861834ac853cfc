"""Embeddings that have more numbers than dimensions: the first layer's products on fewer numbers.

A module that ends with a fixed projection, as the mel baseline's from 256 bands to 4096 numbers,
gives rows that all lie in a subspace: X = Z P, where P has orthonormal rows, far fewer than X has
columns. Then X W^T = Z (W P^T)^T, and the gradient of W is (dY^T Z) P. With B rows in a batch, d
numbers and r dimensions that is r / B + r / d of the operations. Only rounding changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from .rows import Rows

_WORTH = 0.6
"""Part of the operations up to which it is done."""

_RANK = 1e-6
"""Dimensions whose length is below this part of the longest one are taken for rounding."""

_REST = 1e-3
"""How far a row may be outside of the subspace, as a part of how far rows are from their mean:
batch normalisation sees nothing else. In training, a tenth of all units is left out at random."""

_WORKSPACE_BYTES = 512 << 20
"""Free memory without which it is not tried: the decomposition needs some."""

_BLOCK_BYTES = 4 << 20
"""Rows looked at in one go; all may be larger than the memory."""


@dataclass(frozen=True)
class Subspace:
    """A subspace in which rows lie.

    Attributes:
        basis: Orthonormal rows, shape (n_dimensions, n_features).
        tolerance: How far a row may be outside.
    """

    basis: torch.Tensor
    tolerance: float

    def places(self, rows: Rows) -> Rows | None:
        """The rows' places in the subspace; None if one is outside, or the memory too small."""
        if not rows.fits(len(self.basis)):
            return None
        parts = []
        for place in _blocks(rows):
            some = rows.rows(place)
            inside = some @ self.basis.T
            rest = torch.linalg.vector_norm(some - inside @ self.basis, dim=1)
            if float(rest.max()) > self.tolerance:
                return None
            parts.append(inside)
        return rows.replaced(torch.cat(parts))


def subspace_of(rows: Rows, batch_size: int) -> Subspace | None:
    """The subspace in which rows lie.

    Args:
        rows: Rows for training.
        batch_size: Rows in a batch.

    Returns:
        The subspace; None if computing in it is not worth it.
    """
    n_batch = min(batch_size, rows.n_rows)
    most = int(_WORTH / (1 / n_batch + 1 / rows.n_features))
    if most < 1 or rows.free_bytes() < _WORKSPACE_BYTES:
        return None
    generator = torch.Generator().manual_seed(0)
    # Random combinations of all rows have as many dimensions as the rows, or as there are of them.
    mixed = torch.zeros(most + 1, rows.n_features, device=rows.targets.device)
    total = torch.zeros(rows.n_features, dtype=torch.float64, device=rows.targets.device)
    squares = 0.0
    for place in _blocks(rows):
        some = rows.rows(place)
        mixed += torch.randn(most + 1, len(some), generator=generator).to(some.device) @ some
        total += some.sum(dim=0, dtype=torch.float64)
        squares += float(torch.linalg.vector_norm(some, dtype=torch.float64)) ** 2
    _, lengths, directions = torch.linalg.svd(mixed, full_matrices=False)
    rank = int((lengths > _RANK * lengths[0]).sum())
    if not 0 < rank <= most:
        return None
    spread = squares / rows.n_rows - float((total / rows.n_rows).square().sum())
    return Subspace(directions[:rank].contiguous(), _REST * max(0.0, spread) ** 0.5)


def _blocks(rows: Rows) -> Iterator[slice]:
    step = max(1, _BLOCK_BYTES // (4 * rows.n_features))
    for start in range(0, rows.n_rows, step):
        yield slice(start, min(start + step, rows.n_rows))
