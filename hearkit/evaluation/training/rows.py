"""The rows of splits as tensors: kept in memory where they fit, read piece by piece otherwise."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import numpy as np
import psutil
import torch

from ..data import SplitData

_SHARE = 0.25
"""Of the free memory that the rows of one split, or the training splits, may take."""


class Rows:
    """The rows of one or several splits, one after another.

    Attributes:
        n_rows: Number of rows.
        n_features: Numbers in an embedding.
        targets: What the loss takes: int64 of shape (n_rows,) where one label is true at a time,
            otherwise float32 of shape (n_rows, n_labels).
    """

    def __init__(self, splits: Sequence[SplitData], prediction_type: str, device: str) -> None:
        self._parts = [split.embeddings for split in splits]
        self._ends = np.cumsum([len(part) for part in self._parts])
        self._device = torch.device(device)
        self.n_rows = int(self._ends[-1])
        self.n_features = int(self._parts[0].shape[1])
        labels = np.concatenate([split.targets for split in splits])
        if prediction_type == "multiclass":
            targets = torch.from_numpy(labels.argmax(axis=1))
        else:
            targets = torch.from_numpy(labels.astype(np.float32))
        self.targets = targets.to(self._device)
        self._whole: torch.Tensor | None = None
        if self.fits(self.n_features):
            self._whole = self._read(slice(0, self.n_rows))

    def fits(self, n_numbers: int) -> bool:
        """Whether so many numbers of each row can be kept in memory."""
        return 4 * self.n_rows * n_numbers <= _SHARE * self.free_bytes()

    def free_bytes(self) -> int:
        """Free memory of the device."""
        if self._device.type == "cuda":
            return int(torch.cuda.mem_get_info(self._device)[0])
        return int(psutil.virtual_memory().available)

    def replaced(self, whole: torch.Tensor) -> Rows:
        """The same rows with other numbers, shape (n_rows, n), in memory."""
        other = copy.copy(self)
        other._whole, other.n_features = whole, whole.shape[1]
        return other

    def batches(self, places: Iterator[slice]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Embeddings, shape (n, n_features), and targets of each slice of rows."""
        for place in places:
            yield self.rows(place), self.targets[place]

    def rows(self, place: slice) -> torch.Tensor:
        """Embeddings of a slice of rows, shape (n, n_features)."""
        return self._read(place) if self._whole is None else self._whole[place]

    def _read(self, place: slice) -> torch.Tensor:
        rows = torch.empty(place.stop - place.start, self.n_features)
        into = rows.numpy()
        begin = 0
        for part, end in zip(self._parts, self._ends, strict=True):
            first, last = max(place.start, begin), min(place.stop, int(end))
            if first < last:
                into[first - place.start : last - place.start] = part[first - begin : last - begin]
            begin = int(end)
        return rows.to(self._device)
