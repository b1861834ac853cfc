"""What was returned, with its axes as the contract has them, where it is plain which are which.

Values in another order, or with an axis too few, too many or elsewhere, are for one check to tell;
the others go on with what was meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearkit.api.contract import SCENE
from hearkit.api.submission import Reply, Value

Numbers = NDArray[np.floating]
Arrays = Sequence[NDArray[np.float32] | None]


def described(function: str, reply: Reply[Any]) -> tuple[Value, ...]:
    """The values that are meant: the embeddings, then timestamps if the function has any."""
    values = reply.values[:1] if function == SCENE else reply.values[:2]
    return values[::-1] if _are_swapped([value.array for value in values]) else values


def scenes(arrays: Arrays, n_sounds: int) -> Numbers | None:
    """Scene embeddings (n_sounds, size), or None.

    Args:
        arrays: What was returned.
        n_sounds: Number of sounds that were embedded.
    """
    rows = arrays[0] if arrays else None
    if rows is None:
        return None
    if rows.ndim == 1 and n_sounds == 1:  # squeezed
        rows = rows[None]
    if rows.ndim == 1 and len(arrays) == n_sounds:  # one for each sound
        others = [one for one in arrays if one is not None and one.shape == rows.shape]
        rows = np.stack(others)
    if rows.ndim == 3 and rows.shape[1] == 1:  # time was kept as an axis of one
        rows = rows[:, 0]
    return rows if rows.ndim == 2 and len(rows) == n_sounds else None


def stamped(arrays: Arrays, n_sounds: int) -> tuple[Numbers, Numbers] | None:
    """Timestamp embeddings (n_sounds, n_timestamps, size) and timestamps, or None.

    Args:
        arrays: What was returned.
        n_sounds: Number of sounds that were embedded.
    """
    if len(arrays) < 2:
        return None
    embeddings, times = arrays[:2][::-1] if _are_swapped(arrays[:2]) else arrays[:2]
    if embeddings is None or times is None:
        return None
    if embeddings.ndim == 2 and n_sounds == 1:  # squeezed
        embeddings = embeddings[None]
    if times.ndim == 3 and times.shape[2] == 1:  # a column for each sound
        times = times[:, :, 0]
    if times.ndim < 2 or len(times) == 1:  # one row for all
        times = np.broadcast_to(times, (n_sounds, times.size))
    if embeddings.ndim != 3 or times.ndim != 2 or len(times) != n_sounds or not times.size:
        return None
    # The sizes of three axes may happen to be equal, which another length tells apart.
    for axes in ((0, 1, 2), (0, 2, 1), (1, 0, 2)):
        turned = embeddings.transpose(axes)
        if turned.shape[:2] == times.shape:
            return turned, times
    return None


def _are_swapped(arrays: Arrays) -> bool:
    """Whether timestamps come before the embeddings."""
    ranks = [0 if array is None else array.ndim for array in arrays]
    return ranks == [2, 3]
