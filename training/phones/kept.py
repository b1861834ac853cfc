"""Rendered speech in a folder: `audio.npy`, `phones.npy`, and `index.json`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hearkit.files import written_atomically
from training.phones.render import FRAME, Utterance

PHONES = 80
"""Kinds of phones that are told apart, silence among them."""

UNKNOWN = 255
"""Label of what is rarer than these."""


@dataclass(frozen=True)
class Speech:
    """Speech of which each phone is known.

    Attributes:
        audio: int16, shape (n_samples,), all utterances, one after the other.
        labels: uint8, of each frame of 20 ms, all utterances: place in `names`, or `UNKNOWN`.
        starts: In samples, where each utterance begins, and where the last ends.
        first_labels: Place of each utterance's first frame in `labels`.
        names: Phones by label, the first of them silence.
    """

    audio: NDArray[np.int16]
    labels: NDArray[np.uint8]
    starts: NDArray[np.int64]
    first_labels: NDArray[np.int64]
    names: list[str]

    @classmethod
    def read(cls, folder: Path) -> Speech:
        """Read what `write` wrote.

        Raises:
            FileNotFoundError: If there is none.
        """
        try:
            index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{folder}: no speech there; run python -m training.phones first"
            ) from None
        lengths = [length for _, _, length in index["utterances"]]
        return cls(
            np.load(folder / "audio.npy", mmap_mode="r"),
            np.load(folder / "phones.npy"),
            np.array([0, *accumulate(lengths)]),
            np.array([0, *accumulate(length // FRAME + 1 for length in lengths)]),
            index["phones"],
        )

    def draw(
        self, n_samples: int, speed: float, generator: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """A random stretch of an utterance, as it is before it is made faster.

        Args:
            n_samples: Of what is wanted, once it is faster.
            speed: How much faster that is.
            generator: Of utterance and place.

        Returns:
            Samples, shape (n_samples * speed + 1,), or fewer at an utterance's end; labels of
            frames of what is wanted, shape (n_samples // 320 + 1,).
        """
        number = int(generator.integers(len(self.starts) - 1))
        start, end = int(self.starts[number]), int(self.starts[number + 1])
        length = int(n_samples * speed) + 1
        begin = int(generator.integers(max(1, end - start - length)))
        stretch = self.audio[start + begin : min(start + begin + length, end)]
        places = begin + speed * FRAME * np.arange(n_samples // FRAME + 1)
        frames = np.round(places / FRAME).astype(np.int64)
        # Beyond the end is silence, which is the first label.
        inside = frames < self.first_labels[number + 1] - self.first_labels[number]
        labels = np.zeros(len(frames), np.uint8)
        labels[inside] = self.labels[self.first_labels[number] + frames[inside]]
        return (stretch / 32768).astype(np.float32), labels


def write(folder: Path, spoken: Iterable[Utterance], made_by: Mapping[str, object]) -> None:
    """Keep utterances, replacing what is there.

    Args:
        folder: Where.
        spoken: The utterances.
        made_by: What decides the utterances: versions, and the seed.
    """
    kept = list(spoken)
    counts = Counter(phone for each in kept for phone in each.phones if phone)
    # The more frequent first; among equals, by name, so that the order is always the same.
    ranked = sorted(counts, key=lambda phone: (-counts[phone], phone))
    names = ["", *ranked[: PHONES - 1]]
    numbers = {name: number for number, name in enumerate(names)}
    labels = [numbers.get(phone, UNKNOWN) for each in kept for phone in each.phones]
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in (
        ("audio.npy", np.concatenate([each.samples for each in kept])),
        ("phones.npy", np.array(labels, np.uint8)),
    ):
        with written_atomically(folder / name) as file:
            np.save(file, array)
    index = {
        "made by": dict(made_by),
        "phones": names,
        "utterances": [[each.language, each.variant, len(each.samples)] for each in kept],
    }
    # The last, so that what is there is whole.
    with written_atomically(folder / "index.json") as file:
        file.write(json.dumps(index, ensure_ascii=False).encode())
