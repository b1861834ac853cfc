"""Batches: crops with what teachers made of them, and sounds of which phones or notes are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hearkit.files import written_atomically
from training.distill import notes
from training.distill.augment import Disturbances, at_speed, disturbed
from training.phones.kept import Speech
from training.teachers.chunks import SAMPLE_RATE, SECONDS, Chunks
from training.teachers.kept import Layout, read

Floats = NDArray[np.float32]

HOP = 320
"""Samples from frame to frame, of student and teachers."""

CLIP = 5.0
"""Deviations: a few of a transformer's numbers are far out, and would be most of an error."""

SOME = 300
"""Chunks from which means and deviations are taken."""


@dataclass(frozen=True)
class Crops:
    """How a batch is drawn.

    Attributes:
        seconds: Lengths, one of which a batch has, each as likely as another.
        batch_seconds: Of audio in a batch.
        speech, music, effects: How much of the crops each kind of recording gives.
        phones: Share of the batch that is rendered speech.
        notes: Share of the batch that are rendered pieces.
        disturbances: What is done to crops.
    """

    seconds: tuple[float, ...] = (2.0, 4.0)
    batch_seconds: float = 20.0
    speech: float = 0.4
    music: float = 0.35
    effects: float = 0.25
    phones: float = 0.2
    notes: float = 0.2
    disturbances: Disturbances = field(default_factory=Disturbances)


@dataclass(frozen=True)
class Batch:
    """What a step learns from; the crops come first, then the speech, then the pieces.

    Attributes:
        audio: float32, shape (n_sounds, n_samples).
        targets: By teacher and layer: numbers of the sounds that it heard, and what it made of
            them, float32, shape (n_heard, n_frames, size).
        phones: uint8, shape (n_spoken, n_frames).
        notes: bool, shape (n_pieces, n_frames, 96).
        onsets: bool, shape (n_pieces, n_frames).
    """

    audio: Tensor
    targets: dict[str, tuple[Tensor, Tensor]]
    phones: Tensor
    notes: Tensor
    onsets: Tensor


@dataclass(frozen=True)
class Scale:
    """What teacher's features are like on average.

    Whisper adds to each frame where it is among its 30 s, which no crop tells: so the mean of each
    place is subtracted.

    Attributes:
        mean: At each place of a chunk, shape (n, size).
        deviation: Of what differs from it, shape (size,).
    """

    mean: Floats
    deviation: Floats

    def standardised(self, frames: NDArray[Any], places: NDArray[np.float64]) -> Floats:
        """A chunk's frames at fractional places, of zero mean and unit variance, clipped."""
        centred = between(frames, places) - between(self.mean, places)
        scaled: Floats = (centred / self.deviation).clip(-CLIP, CLIP)
        return scaled

    @classmethod
    def kept(cls, path: Path, array: NDArray[np.float16], done: NDArray[np.bool_]) -> Scale:
        """From a file, or of some chunks, and kept there: a run keeps its scale as chunks come."""
        if path.is_file():
            with np.load(path) as held:
                return cls(held["mean"], held["deviation"])
        some = np.random.default_rng(0).permutation(np.flatnonzero(done))[:SOME]
        mean = np.zeros(array.shape[1:])
        for chunk in some:
            mean += np.asarray(array[chunk], np.float32) / len(some)
        square = np.zeros(array.shape[2])
        for chunk in some:
            centred = np.asarray(array[chunk], np.float32) - mean
            square += np.square(centred).mean(axis=0) / len(some)
        scale = cls(mean.astype(np.float32), np.sqrt(square).clip(1e-6).astype(np.float32))
        with written_atomically(path) as file:
            np.savez(file, mean=scale.mean, deviation=scale.deviation)
        return scale


class Lessons:
    """The corpus and what teachers made of it, and speech of which each phone is known.

    Args:
        corpus: Folder of the corpus.
        teachers: Folders of teachers' features.
        speech: Folder of the speech.

    Raises:
        FileNotFoundError: If there is no corpus, or there are no features, or no speech.
        ValueError: If no chunk was heard by any teacher.
    """

    def __init__(self, corpus: Path, teachers: list[Path], speech: Path):
        self.chunks = Chunks(corpus)
        self.speech = Speech.read(speech)
        self.features: dict[str, NDArray[np.float16]] = {}
        self.layouts: dict[str, Layout] = {}
        self.scales: dict[str, Scale] = {}
        self.heard: dict[str, NDArray[np.bool_]] = {}
        done = np.zeros(self.chunks.count, bool)
        for folder in teachers:
            arrays, layouts, heard = read(folder)
            done |= heard
            for name, array in arrays.items():
                self.features[f"{folder.name}-{name}"] = array
                self.heard[f"{folder.name}-{name}"] = np.array(heard)
                self.layouts[f"{folder.name}-{name}"] = layouts[name]
                kept = folder / f"scale-{name}.npz"
                self.scales[f"{folder.name}-{name}"] = Scale.kept(kept, array, heard)
        if not done.any():
            raise ValueError("no chunk of the corpus was heard by a teacher; let them go on")
        kinds = np.array(self.chunks.kinds)
        self.by_kind = {
            kind: np.flatnonzero(done & (kinds == kind)) for kind in sorted(set(self.chunks.kinds))
        }

    def batch(self, crops: Crops, seed: tuple[int, int]) -> Batch:
        """Draw a batch, the same for the same seed."""
        g = np.random.default_rng(seed)
        seconds = float(g.choice(crops.seconds))
        n_samples = int(seconds * SAMPLE_RATE)
        n_frames = n_samples // HOP + 1
        n_sounds = max(2, round(crops.batch_seconds / seconds))
        n_pieces = round(crops.notes * n_sounds)
        n_spoken = round(crops.phones * n_sounds)
        n_crops = n_sounds - n_spoken - n_pieces
        kinds = [kind for kind, chunks in self.by_kind.items() if len(chunks)]
        shares = np.array([getattr(crops, kind) for kind in kinds])
        sounds = np.zeros((n_sounds, n_samples), np.float32)
        targets: dict[str, dict[int, Floats]] = {name: {} for name in self.features}
        for k, kind in enumerate(g.choice(kinds, n_crops, p=shares / shares.sum())):
            speed = crops.disturbances.draw_speed(g)
            chunk = int(g.choice(self.by_kind[kind]))
            begin = int(g.integers(0, int((SECONDS - seconds * speed) * SAMPLE_RATE)))
            cut = self.chunks.cut(chunk, begin, begin + int(n_samples * speed) + 1)
            sounds[k] = at_speed(cut, speed, n_samples)
            # When the student's frames are in the chunk, s.
            times = (begin + speed * HOP * np.arange(n_frames, dtype=np.float64)) / SAMPLE_RATE
            for name, array in self.features.items():
                if self.heard[name][chunk]:
                    layout = self.layouts[name]
                    places = (times - layout.first) / layout.hop
                    targets[name][k] = self.scales[name].standardised(array[chunk], places)
        said = np.zeros((n_spoken, n_frames), np.uint8)
        for k in range(n_spoken):
            speed = crops.disturbances.draw_speed(g)
            stretch, said[k] = self.speech.draw(n_samples, speed, g)
            sounds[n_crops + k] = at_speed(stretch, speed, n_samples)
        pieces = [notes.render(n_samples, g) for _ in range(n_pieces)]
        for k, piece in enumerate(pieces):
            sounds[n_crops + n_spoken + k] = piece.audio
        # Mixed with crops only: a second piece would play notes without a label.
        others = sounds[: max(1, n_crops)]
        played = np.array([piece.notes for piece in pieces]).reshape(-1, n_frames, notes.NOTES)
        begun = np.array([piece.onsets for piece in pieces]).reshape(-1, n_frames)
        return Batch(
            torch.from_numpy(disturbed(sounds, others, crops.disturbances, g)),
            {
                name: (torch.tensor(list(rows)), torch.from_numpy(np.stack(list(rows.values()))))
                for name, rows in targets.items()
                if rows
            },
            torch.from_numpy(said),
            torch.from_numpy(played.astype(bool)),
            torch.from_numpy(begun.astype(bool)),
        )


def between(frames: NDArray[Any], places: NDArray[np.float64]) -> Floats:
    """Frames at fractional places, by linear interpolation.

    Args:
        frames: Shape (n, size).
        places: Shape (n_places,), from 0 to n - 1; those beyond are the last frame.
    """
    places = places.clip(0, len(frames) - 1)
    low = np.floor(places).astype(np.int64)
    high = np.minimum(low + 1, len(frames) - 1)
    first = int(low[0])
    near = np.asarray(frames[first : int(high[-1]) + 1], np.float32)
    share = (places - low).astype(np.float32)[:, None]
    mixed: Floats = near[low - first] * (1 - share) + near[high - first] * share
    return mixed
