"""Batches of crops from the corpus, the same for a step whether or not a run was interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.corpus.reading import opened

SAMPLE_RATE = 16000


@dataclass(frozen=True)
class Crops:
    """How crops are drawn.

    Attributes:
        seconds: Lengths, one of which a batch has, each as likely as another: short ones for
            what a note or a syllable is, long ones for what surrounds it.
        batch_seconds: Of audio in a batch.
        speech, music, effects: How much of the crops each kind of recording gives.
    """

    seconds: tuple[float, ...] = (1.0, 2.0, 4.0)
    batch_seconds: float = 32.0
    speech: float = 0.4
    music: float = 0.4
    effects: float = 0.2


class Corpus:
    """What `python -m training.corpus` wrote: recordings concatenated, and where each is.

    A crop may cross from a recording into the next of the same package and kind; so those shorter
    than a crop count too, and nothing is padded.

    Args:
        folder: Holds `audio.npy` (int16, 16 kHz, mono) and `manifest.csv`.

    Raises:
        FileNotFoundError: If it does not.
    """

    def __init__(self, folder: Path):
        self.audio, rows = opened(folder)
        self.regions: dict[str, list[tuple[int, int]]] = {}
        for (_, kind), run in groupby(rows, key=lambda row: (row["package"], row["kind"])):
            recordings = list(run)
            begin = int(recordings[0]["offset"])
            end = int(recordings[-1]["offset"]) + int(recordings[-1]["n_samples"])
            self.regions.setdefault(kind, []).append((begin, end))

    def batch(self, crops: Crops, generator: torch.Generator) -> Tensor:
        """Draw a batch.

        Args:
            crops: How.
            generator: Of the draw.

        Returns:
            float32, shape (n_sounds, n_samples), each of zero mean and unit variance.
        """

        def draw(below: int) -> int:
            return int(torch.randint(below, (), generator=generator))

        seconds = crops.seconds[draw(len(crops.seconds))]
        length = int(seconds * SAMPLE_RATE)
        kinds = [kind for kind in sorted(self.regions) if getattr(crops, kind) > 0]
        shares = torch.tensor([getattr(crops, kind) for kind in kinds])
        n_sounds = max(1, round(crops.batch_seconds / seconds))
        rows = []
        for kind in torch.multinomial(shares, n_sounds, replacement=True, generator=generator):
            # Every start in every region of the kind is as likely as another.
            regions = [(b, e - length) for b, e in self.regions[kinds[kind]] if e - b > length]
            place = draw(sum(last - begin for begin, last in regions))
            for begin, last in regions:
                if place < last - begin:
                    break
                place -= last - begin
            rows.append(self.audio[begin + place : begin + place + length])
        return standardise(torch.from_numpy(np.stack(rows)).float() / 32768)


def standardise(audio: Tensor) -> Tensor:
    """Zero mean and unit variance for each sound, as the baseline does with what it embeds."""
    centred = audio - audio.mean(dim=1, keepdim=True)
    return centred / (centred.square().mean(dim=1, keepdim=True) + 1e-7).sqrt()
