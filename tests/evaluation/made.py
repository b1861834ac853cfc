"""Small tasks made in memory: random embeddings in which the labels can be found."""

from __future__ import annotations

from typing import Any

import numpy as np

from hearkit.evaluation.data import SplitData, TaskData
from hearkit.evaluation.tasks.task import Event, Metadata

LABELS = ("dog", "NA", "rain", "7")


def metadata(kind: str = "multiclass", **changes: Any) -> Metadata:
    """Of a task with three folds, or events in train, valid and test."""
    is_event = kind == "event"
    values: dict[str, Any] = {
        "task_name": f"made_{kind}",
        "version": "v1",
        "mode": "small",
        "embedding_type": "event" if is_event else "scene",
        "prediction_type": "multiclass" if kind == "multiclass" else "multilabel",
        "split_mode": "trainvaltest" if is_event else "new_split_kfold",
        "splits": ("train", "valid", "test") if is_event else ("fold00", "fold01", "fold02"),
        "sample_duration": 2.0,
        "evaluation": {
            "multiclass": ("top1_acc", "aucroc"),
            "multilabel": ("mAP", "aucroc", "d_prime"),
            "event": ("event_onset_200ms_fms", "segment_1s_er"),
        }[kind],
        "param_grid": {"max_epochs": (12,), "hidden_dim": (16,)},
    }
    return Metadata(**values | changes)


def task(kind: str = "multiclass", *, n_files: int = 12, seed: int = 0, **changes: Any) -> TaskData:
    """A task of a kind: multiclass, multilabel or event."""
    known = metadata(kind, **changes)
    generator = np.random.default_rng(seed)
    means = generator.normal(size=(len(LABELS), 8)).astype(np.float32)
    splits = {name: _split(name, kind, n_files, means, generator) for name in known.splits}
    return TaskData("made-v1-small", known, LABELS, splits)


def _split(
    name: str, kind: str, n_files: int, means: np.ndarray, generator: np.random.Generator
) -> SplitData:
    files = tuple(f"{name}-{n}.wav" for n in range(n_files))
    if kind == "event":
        frames = 41
        times = np.tile(np.arange(frames) * 50.0, n_files)
        events = tuple(
            tuple(
                Event(LABELS[label], start, start + float(generator.integers(200, 900)))
                for label, start in zip(
                    generator.integers(0, len(LABELS), 2),
                    map(float, generator.integers(0, 1000, 2)),
                    strict=True,
                )
            )
            for _ in files
        )
        targets = np.zeros((n_files * frames, len(LABELS)), np.uint8)
        for file, of_file in enumerate(events):
            for event in of_file:
                here = times[:frames]
                active = (here >= event.start) & (here < event.end + 1e-4)
                targets[file * frames : (file + 1) * frames, LABELS.index(event.label)] |= active
        starts = np.arange(n_files + 1) * frames
        return SplitData(
            name, _noisy(targets, means, generator), targets, files, starts, times, events
        )
    if kind == "multiclass":
        targets = np.eye(len(LABELS), dtype=np.uint8)[np.arange(n_files) % len(LABELS)]
    else:
        targets = generator.integers(0, 2, (n_files, len(LABELS))).astype(np.uint8)
    starts = np.arange(n_files + 1)
    return SplitData(name, _noisy(targets, means, generator), targets, files, starts)


def _noisy(targets: np.ndarray, means: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    clean = targets.astype(np.float32) @ means
    noisy: np.ndarray = (clean + generator.normal(size=clean.shape)).astype(np.float32)
    return noisy
