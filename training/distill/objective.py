"""What the student is told: what teachers hear, which phones and notes sound, what begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from hearbaseline.general.network import Network
from hearbaseline.general.spectra import Spectra
from training.distill.augment import Disturbances, hide
from training.distill.batches import Batch
from training.phones.kept import UNKNOWN

STEP = 2
"""Frames every 20 ms from deep frame to deep frame."""


@dataclass(frozen=True)
class Objective:
    """How much each lesson counts.

    Attributes:
        teachers: Mean squared error of all teachers' standardised frames, 1 for one who knows
            nothing.
        phones: Cross entropy of the phones, nats.
        notes: Cross entropy of the notes, nats for each of the 96.
        onsets: Cross entropy of the onsets, nats.
    """

    teachers: float = 1.0
    phones: float = 0.2
    notes: float = 8.0
    onsets: float = 0.3


@dataclass(frozen=True)
class Loss:
    """One batch's loss and what it is made of.

    Attributes:
        total: What is minimised; a scalar with a gradient.
        errors: Mean squared error by teacher and layer.
        phones, notes, onsets: Cross entropies.
    """

    total: Tensor
    errors: dict[str, Tensor]
    phones: Tensor
    notes: Tensor
    onsets: Tensor


class Student(nn.Module):
    """The network with what only its training needs: linear heads.

    Args:
        network: The layers, with random weights.
        sizes: Of the teachers' frames, by teacher and layer.
        n_phones: Kinds of phones.
        objective: How much each lesson counts.
    """

    def __init__(
        self, network: Network, sizes: Mapping[str, int], n_phones: int, objective: Objective
    ):
        super().__init__()
        self.network = network
        self.objective = objective
        self.spectra = Spectra()
        width = network.sizes.local + network.sizes.deep
        self.heads = nn.ModuleDict({name: nn.Linear(width, size) for name, size in sizes.items()})
        self.phone = nn.Linear(width, n_phones)
        # A head for what begins sees only what is local.
        self.onset = nn.Linear(network.sizes.local, 1)

    def forward(self, batch: Batch, disturbances: Disturbances, generator: torch.Generator) -> Loss:
        """The loss of a batch.

        Args:
            batch: On the student's device.
            disturbances: Which share of the spectrograms is hidden.
            generator: Of the places, on the CPU.
        """
        short, long = self.spectra(batch.audio)
        hide(short, long, disturbances, generator)
        pieces = len(short) - len(batch.notes)
        n_crops = pieces - len(batch.phones)
        with torch.no_grad():  # nobody knows which notes sound in what was recorded or said
            unknown = self.network.notes(long[:pieces])
        notes = torch.cat([unknown, self.network.notes(long[pieces:])])
        made = self.network(short, long, notes)
        # Teachers are asked every 40 ms: a head for each frame in between would cost as much again.
        frames = torch.cat([made.local[:, ::STEP], made.deep], dim=2)
        teachers = frames.new_zeros(n_crops)
        for heard, _ in batch.targets.values():
            teachers[heard] += 1
        told, errors = frames.new_zeros(()), {}
        for name, (heard, target) in batch.targets.items():
            difference = self.heads[name](frames[heard]).float() - target[:, ::STEP]
            # (n_heard,): a sound that several teachers heard counts as much as any other
            error = difference.square().mean(dim=(1, 2))
            told = told + (error / teachers[heard]).sum() / max(1, n_crops)
            errors[name] = error.mean()
        phones = _which(self.phone(frames[n_crops:pieces]), batch.phones[:, ::STEP])
        played = _entropy(made.notes[pieces:], batch.notes)
        onsets = _entropy(self.onset(made.local[pieces:])[..., 0], batch.onsets)
        weights = self.objective
        total = (
            weights.teachers * told
            + weights.phones * phones
            + weights.notes * played
            + weights.onsets * onsets
        )
        return Loss(total, errors, phones, played, onsets)


def _which(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean cross entropy of one label for each frame; 0 where there is none."""
    known = truth != UNKNOWN
    if not known.any():
        return logits.new_zeros(())
    return F.cross_entropy(logits[known].float(), truth[known].long())


def _entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean cross entropy; 0 where there is nothing to tell."""
    if not len(logits):
        return logits.new_zeros(())
    return F.binary_cross_entropy_with_logits(logits.float(), truth.float())
