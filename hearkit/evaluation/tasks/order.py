"""In which order the oracle puts recordings, and which it embeds at once."""

from __future__ import annotations

import random
from collections.abc import Sequence

_REFERENCE_S = 120.0
_REFERENCE_HZ = 16000
_SHARE = 0.7
"""The oracle's batches hold 0.7 times 120 s at 16 kHz, in samples (heareval's
`task_embeddings`)."""


def of_rows(n_files: Sequence[int]) -> list[list[int]]:
    """The order of the recordings of each split in training, as indices into its JSON file.

    The oracle shuffles each split with one generator, seeded 0 for the task, whose state runs on.

    Args:
        n_files: Number of recordings of each split, in the order of the metadata.
    """
    generator = random.Random(0)
    orders = []
    for n in n_files:
        order = list(range(n))
        generator.shuffle(order)
        orders.append(order)
    return orders


def oracle_batch(sample_duration: float | None, sample_rate: int) -> int:
    """Number of recordings that the oracle embeds at once.

    Args:
        sample_duration: Seconds of every recording; None where they differ.
        sample_rate: Rate of the model, in Hz.
    """
    if sample_duration is None:
        return 1
    share = _SHARE * (_REFERENCE_S / sample_duration) * (_REFERENCE_HZ / sample_rate)
    return max(1, int(share))
