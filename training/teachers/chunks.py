"""The corpus in chunks of 30 s, in which teachers hear it and crops are drawn."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.corpus.reading import opened

SAMPLE_RATE = 16000
SECONDS = 30
SAMPLES = SECONDS * SAMPLE_RATE


class Chunks:
    """What `python -m training.corpus` wrote, cut every 30 s wherever that falls.

    A chunk may hold several short recordings, which are of one package and kind nearly always: the
    corpus has 25 packages and 1576 chunks.

    Args:
        folder: Holds `audio.npy` (int16, 16 kHz, mono) and `manifest.csv`.

    Raises:
        FileNotFoundError: If it does not.
    """

    def __init__(self, folder: Path):
        self.audio, rows = opened(folder)
        # What is left after the last whole chunk is less than 30 s of 13 h.
        self.count = len(self.audio) // SAMPLES
        held: list[Counter[str]] = [Counter() for _ in range(self.count)]
        for row in rows:
            begin, n_samples = int(row["offset"]), int(row["n_samples"])
            for chunk in range(begin // SAMPLES, (begin + n_samples - 1) // SAMPLES + 1):
                if chunk < self.count:
                    first, last = max(begin, chunk * SAMPLES), (chunk + 1) * SAMPLES
                    held[chunk][row["kind"]] += min(begin + n_samples, last) - first
        self.kinds = [counter.most_common(1)[0][0] for counter in held]

    def samples(self, chunk: int) -> NDArray[np.float32]:
        """A chunk's samples in [-1, 1], shape (480000,)."""
        return self.cut(chunk, 0, SAMPLES)

    def cut(self, chunk: int, begin: int, end: int) -> NDArray[np.float32]:
        """Samples of a chunk from one to another, which is not included, in [-1, 1]."""
        first = chunk * SAMPLES
        cut = self.audio[first + begin : first + min(end, SAMPLES)]
        return cut.astype(np.float32) / np.float32(32768)

    def order(self, seed: int = 0) -> list[int]:
        """All chunks in an order in which any beginning has the kinds in their shares."""
        generator = np.random.default_rng(seed)
        places = np.empty(self.count)
        for kind in sorted(set(self.kinds)):
            own = [k for k, name in enumerate(self.kinds) if name == kind]
            even = (np.arange(len(own)) + generator.random()) / len(own)
            places[generator.permutation(own)] = even
        return [int(chunk) for chunk in np.argsort(places, kind="stable")]
