"""What pictures of the embeddings are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # A report without pictures does without NumPy.
    import numpy as np
    from numpy.typing import NDArray

    from .asking.arranged import Numbers


@dataclass(frozen=True)
class Gallery:
    """The validator's recordings and their embeddings.

    Attributes:
        names: What the recordings are.
        sample_rate: Hz.
        audio: The recordings, shape (n_recordings, n_samples); empty where the rate is unknown.
        scenes: Scene embeddings, shape (n_recordings, size), or why there are none.
        timestamps: Timestamp embeddings, shape (n_recordings, n_timestamps, size), and their
            timestamps in ms, shape (n_timestamps,), or why there are none.
    """

    names: tuple[str, ...]
    sample_rate: int
    audio: NDArray[np.float32]
    scenes: Numbers | str
    timestamps: tuple[Numbers, Numbers] | str
