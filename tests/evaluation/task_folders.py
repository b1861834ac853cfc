"""Small task folders, and a HEAR module that tells their labels apart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE = 16000

MODULE = """
import torch

class Model(torch.nn.Module):
    sample_rate = 16000
    scene_embedding_size = timestamp_embedding_size = 4

def load_model(model_file_path=""):
    return Model()

def features(frames):
    level = frames.square().mean(-1)
    return torch.stack([level, level.sqrt(), frames.abs().amax(-1), frames.mean(-1)], -1)

def get_timestamp_embeddings(audio, model):
    frames = audio[:, :audio.shape[1] // 800 * 800].unflatten(1, (-1, 800))
    times = 25.0 + 50.0 * torch.arange(frames.shape[1])
    return features(frames), times.expand(len(audio), -1)

def get_scene_embeddings(audio, model):
    return features(audio)
"""
"""Levels, whose frames of 50 ms are loud where an event is."""


def noise(level: float, n_samples: int, seed: int) -> np.ndarray[Any, Any]:
    return level * np.random.default_rng(seed).uniform(-1, 1, n_samples)


def write_sound(path: Path, samples: Any, rate: int = RATE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype="PCM_16")


def scene_task(
    folder: Path,
    splits: Sequence[str] = ("train", "valid", "test"),
    *,
    n_files: int = 12,
    labels: Sequence[Any] = (0, 1),
    rate: int = RATE,
    seconds: float = 0.1,
    **metadata: Any,
) -> Path:
    """A task whose labels are levels of noise.

    Args:
        folder: The task folder.
        splits: Names of its splits.
        n_files: Recordings of each split.
        labels: Labels, in turns; a list of labels makes a recording with several.
        rate: Sample rate in Hz.
        seconds: Length of the recordings.
        metadata: Further keys, or others.
    """
    for at, split in enumerate(splits):
        content = {}
        for n in range(n_files):
            label = labels[n % len(labels)]
            level = 0.1 + 0.8 * (n % len(labels)) / len(labels)
            name = f"{split}_{n:02d}.wav"
            samples = noise(level, int(seconds * rate), 100 * at + n)
            write_sound(folder / str(rate) / split / name, samples, rate)
            content[name] = list(label) if isinstance(label, (list, tuple)) else [label]
        write_json(folder / f"{split}.json", content)
    several = any(isinstance(label, (list, tuple)) for label in labels)
    known = {str(one) for label in labels for one in (label if several else [label])}
    write_vocabulary(folder, sorted(known))
    write_json(
        folder / "task_metadata.json",
        {
            "task_name": "levels",
            "version": "1",
            "mode": "small",
            "embedding_type": "scene",
            "prediction_type": "multilabel" if several else "multiclass",
            "split_mode": "trainvaltest" if "train" in splits else "new_split_kfold",
            "sample_duration": seconds,
            "evaluation": ["mAP" if several else "top1_acc"],
            "splits": list(splits),
            **metadata,
        },
    )
    return folder


def event_task(
    folder: Path, *, n_files: int = 3, seconds: Sequence[float] = (2.0,), **metadata: Any
) -> Path:
    """A task of loud stretches in quiet recordings.

    Args:
        folder: The task folder.
        n_files: Recordings of each split.
        seconds: Lengths of the recordings, in turns.
        metadata: Further keys, or others.
    """
    splits = ("train", "valid", "test")
    for at, split in enumerate(splits):
        content = {}
        for n in range(n_files):
            length = seconds[n % len(seconds)]
            samples = noise(0.01, int(length * RATE), 100 * at + n)
            start = 200 + 100 * n
            events = [(start, start + 400), (start + 800, start + 1200)]
            for first, last in events:
                stretch = slice(int(first * RATE / 1000), int(last * RATE / 1000))
                samples[stretch] = noise(0.8, stretch.stop - stretch.start, n)
            name = f"{split}_{n}.wav"
            write_sound(folder / str(RATE) / split / name, samples)
            content[name] = [{"label": "loud", "start": a, "end": b} for a, b in events]
        write_json(folder / f"{split}.json", content)
    write_vocabulary(folder, ["loud"])
    write_json(
        folder / "task_metadata.json",
        {
            "task_name": "stretches",
            "version": "1",
            "mode": "small",
            "embedding_type": "event",
            "prediction_type": "multilabel",
            "split_mode": "trainvaltest",
            "sample_duration": seconds[0] if len(seconds) == 1 else None,
            "evaluation": ["event_onset_200ms_fms", "segment_1s_er"],
            "splits": list(splits),
            **metadata,
        },
    )
    return folder


def write_vocabulary(folder: Path, labels: Sequence[str]) -> None:
    lines = ["idx,label", *(f"{n},{label}" for n, label in enumerate(labels))]
    (folder / "labelvocabulary.csv").write_text("\n".join(lines) + "\n")


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def edit(path: Path, **changes: Any) -> None:
    """Change keys of a JSON file; `...` removes one."""
    content: Mapping[str, Any] = json.loads(path.read_text())
    merged = {**content, **changes}
    write_json(path, {key: value for key, value in merged.items() if value is not ...})
