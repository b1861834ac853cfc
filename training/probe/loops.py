"""Drum loops with known onsets, from the shipped one-shots, as a task for `hear-eval`.

`python -m training.probe.loops --data DIR --out drum_onsets-1.0-loops`, then
`hear-eval run MODULE --tasks drum_onsets-1.0-loops --out results`. Each loop has the drums of one
author, and an author is in one fold only: the classifier meets drums that it never heard.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import soundfile
from numpy.typing import NDArray

from hearkit.errors import HearError
from hearkit.evaluation.tasks.convert import convert
from training.probe.clips import Clip, load
from training.probe.recordings import TASKS, prepare

SAMPLE_RATE = 44100

SECONDS = 6.0

CLASSES = {
    "kick": "kick",
    "snare": "snare",
    "hihat_closed": "hihat",
    "hihat_open": "hihat",
    "tom": "tom",
    "crash_splash": "cymbal",
    "ride": "cymbal",
}
"""Of the loops, by label of the one-shots. Others are left out."""

NEEDED = {"kick", "snare"}
"""What a drummer must have."""

CHANCE = {"kick": 0.3, "snare": 0.2, "hihat": 0.5, "tom": 0.1, "cymbal": 0.1}
"""That a class is hit at a sixteenth."""

EVENT_MS = 60.0
"""What a hit lasts in the table: its attack, within which there are frames at any usual hop."""

Kit = dict[str, list[Clip]]
"""One-shots by class."""


@dataclass(frozen=True)
class Loop:
    """A piece and its hits.

    Attributes:
        audio: float32, shape (n_samples,).
        hits: Class and onset in ms.
    """

    audio: NDArray[np.float32]
    hits: list[tuple[str, float]]


def kits(clips: Sequence[Clip], labels: Sequence[str], groups: Sequence[str]) -> dict[str, Kit]:
    """One-shots by author and class, of the authors who have what a drummer needs."""
    found: dict[str, Kit] = defaultdict(lambda: defaultdict(list))
    for clip, label, group in zip(clips, labels, groups, strict=True):
        if label in CLASSES and clip.any():
            found[group][CLASSES[label]].append(clip)
    return {group: dict(kit) for group, kit in found.items() if set(kit) >= NEEDED}


def play(kit: Mapping[str, Sequence[Clip]], generator: np.random.Generator) -> Loop:
    """A random rhythm in sixteenths, each class with one of its one-shots.

    Args:
        kit: One-shots by class.
        generator: Of all that is random.
    """
    g = generator
    audio = np.zeros(int(SECONDS * SAMPLE_RATE), np.float32)
    sixteenth = 15 / g.uniform(80, 170)
    hits = []
    for name in sorted(kit):
        shot = kit[name][int(g.integers(len(kit[name])))]
        # From where it is heard: silence at the beginning of a file would move the onset.
        begin = int(np.flatnonzero(np.abs(shot) > 0.03 * np.abs(shot).max())[0])
        shot = shot[begin:] / np.abs(shot).max()
        for number in range(int((SECONDS - 0.2) / sixteenth)):
            if g.random() >= CHANCE[name]:
                continue
            # A drummer is a few milliseconds early or late.
            seconds = max(0.0, number * sixteenth + g.normal(0, 0.004)) + 0.05
            first = int(seconds * SAMPLE_RATE)
            part = shot[: len(audio) - first]
            audio[first : first + len(part)] += part * np.float32(g.uniform(0.25, 1))
            hits.append((name, 1000 * seconds))
    return Loop(
        0.7 * audio / max(float(np.abs(audio).max()), 1e-6), sorted(hits, key=lambda h: h[1])
    )


def write(found: Mapping[str, Kit], folder: Path, n_loops: int) -> Path:
    """Loops as files, and the table of their hits.

    Args:
        found: Kits by author.
        folder: Where they go.
        n_loops: Of each author.
    """
    table = folder / "hits.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "start", "end", "group"])
        for number, (author, kit) in enumerate(sorted(found.items())):
            for k in range(n_loops):
                loop = play(kit, np.random.default_rng((number, k)))
                name = f"{number:02d}_{k:02d}.wav"
                soundfile.write(folder / name, loop.audio, SAMPLE_RATE, "PCM_16")
                for label, begin in loop.hits:
                    rows.writerow([name, label, f"{begin:.1f}", f"{begin + EVENT_MS:.1f}", author])
    return table


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data", type=click.Path(path_type=Path), required=True, help="See training.probe.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The task folder, called NAME-VERSION-MODE.",
)
@click.option("--loops", default=12, show_default=True, help="Of each author.")
def command(data: Path, out: Path, loops: int) -> None:
    """Write drum loops with known onsets as a task for hear-eval."""
    try:
        root = prepare(data)
        task = load(TASKS / "percussion.csv", root, SAMPLE_RATE, data / "cache")
        with tempfile.TemporaryDirectory() as folder:
            found = kits(task.clips, task.labels, task.groups)
            table = write(found, Path(folder), loops)
            made = convert(table, Path(folder), out)
    except HearError as error:
        click.echo(f"loops: {error}", err=True)
        sys.exit(2)
    click.echo(f"{made.path}: {made.n_recordings} loops; {', '.join(made.splits)}")


if __name__ == "__main__":
    command()
