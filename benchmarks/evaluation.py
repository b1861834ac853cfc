"""`hear-eval`'s engines next to the organisers' heareval, on the same embeddings, in turns.

HEAR_ORACLE names the folder in which `tests/evaluation/oracle/install` put heareval, and
HEAR_EMBEDDINGS one that holds embeddings in its layout, `<module>/<task>`. Without them a task of
events is made of the checkout's recordings, and the oracle's columns stay empty.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile
import soxr
import torch

import hearbaseline
from hearbaseline.mel import MelProjection
from hearkit.evaluation.data import SplitData, TaskData
from hearkit.evaluation.embeddings import heareval_layout
from hearkit.evaluation.tasks.targets import of_frames
from hearkit.evaluation.tasks.task import Event, Metadata

from ._machine import limits
from ._tables import Cell, Table, Timing

CHECKOUT = Path(__file__).parent.parent
RECORDINGS = CHECKOUT / "tests/data/audio"
_START = CHECKOUT / "tests/evaluation/oracle/start.py"

_POINTS = 2
_TURNS, _QUICK_TURNS = 3, 1
_LARGE = 1000
"""Rows from which on the oracle would take hours, so that ours is measured alone on 8 points."""

_SCENES, _QUICK_SCENES = (16, 6, 6), (4, 2, 2)
_SCENE_S = 12.0


@dataclass(frozen=True)
class _Run:
    """What one evaluation took, start-up included."""

    wall: float
    peak_mb: float
    told: dict[str, Any]


def tables(device: str, *, quick: bool) -> Iterator[Table]:
    """Seconds of whole processes, where ours spends them, and its part of the product rate.

    Two tables for each folder of embeddings: median, least and most of several turns; and stages.
    """
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        made = work / "made" / "recordings_mixed"
        heareval_layout.write(mixed(_QUICK_SCENES if quick else _SCENES), made)
        for folder in (*_given(), made):
            row, parts = _measured(folder, device, work, quick=quick)
            where = row["module/task"]
            # At once, since the next folder may take an hour.
            yield Table("evaluation", f"Evaluating {where}, start-up included: s", (row,))
            yield Table("evaluation", f"Where fused spends its seconds: {where}", (parts,))


def _given() -> Iterator[Path]:
    if "HEAR_EMBEDDINGS" in os.environ:
        for path in sorted(Path(os.environ["HEAR_EMBEDDINGS"]).glob("*/*")):
            if heareval_layout.is_layout(path):
                yield path


def _measured(
    folder: Path, device: str, work: Path, *, quick: bool
) -> tuple[dict[str, Cell], dict[str, Cell]]:
    data = heareval_layout.read(folder)
    rows = sum(len(split.embeddings) for split in data.splits.values())
    width = next(iter(data.splits.values())).embeddings.shape[1]
    large = rows >= _LARGE and data.metadata.embedding_type == "scene"
    points = 8 if large else _POINTS
    sides: dict[str, list[_Run]] = {"heareval": [], "exact": [], "fused": []}
    for _ in range(_QUICK_TURNS if quick or large or rows >= _LARGE else _TURNS):
        if "HEAR_ORACLE" in os.environ and not large and device == "cpu":
            sides["heareval"].append(_oracle(folder, points, work))
        if not large:
            sides["exact"].append(_ours("exact", folder, points, device))
        sides["fused"].append(_ours("fused", folder, points, device))
    counted = _ours("fused", folder, points, device, count=True)
    times = {side: Timing(tuple(run.wall for run in runs)) for side, runs in sides.items() if runs}
    row: dict[str, Cell] = {
        "module/task": f"{folder.parent.name}/{folder.name}",
        "rows": rows,
        "numbers": width,
        "points": points,
    }
    for side in sides:
        row[side] = times.get(side, "")
    for side in ("exact", "fused"):
        both = side in times and "heareval" in times
        row[f"heareval / {side}"] = times["heareval"].over(times[side]) if both else ""
    for side, runs in sides.items():
        row[f"{side} MB"] = max((run.peak_mb for run in runs), default="")
    told = sides["fused"][0].told
    if counted.told["score"] != told["score"]:
        raise RuntimeError(f"{folder}: two runs of fused differ, so what one does was not timed")
    rate = counted.told["operations"] / told["seconds"]
    parts: dict[str, Cell] = {"module/task": str(row["module/task"])}
    for stage in (
        "checking",
        "loading",
        "reducing",
        "training",
        "validating",
        "scoring",
        "testing",
    ):
        parts[stage] = float(told["stages"].get(stage, 0.0))
    parts["all"] = told["seconds"]
    parts["TFLOP of products"] = counted.told["operations"] / 1e12
    parts["% of product rate"] = 100 * rate / limits(device).matrix
    return row, parts


def _ours(engine: str, folder: Path, points: int, device: str, *, count: bool = False) -> _Run:
    arguments = (engine, str(folder), "default", str(points), device, "count" if count else "")
    command = (sys.executable, "-m", "benchmarks._evaluate", *arguments)
    start = time.perf_counter()
    done = subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - start
    told = json.loads(done.stdout.splitlines()[-1])
    return _Run(wall, told["peak_mb"], told)


def _oracle(folder: Path, points: int, work: Path) -> _Run:
    """The oracle with all cores, on a copy, since it writes next to the embeddings."""
    copy = work / "oracle" / folder.parent.name / folder.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("test.predicted*", "*predictions*"))
    path = os.pathsep.join((os.environ["HEAR_ORACLE"], os.environ.get("PYTHONPATH", "")))
    more = {"PYTHONPATH": path, "HEAREVAL_THREADS": str(torch.get_num_threads())}
    command = (sys.executable, str(_START), "heareval.predictions.runner", str(copy))
    start = time.perf_counter()
    process = subprocess.Popen(
        (*command, "--grid-points", str(points)),
        cwd=work,
        env=os.environ | more,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak = _watched(process)
    if process.returncode:
        raise RuntimeError(f"heareval failed on {folder}")
    return _Run(time.perf_counter() - start, peak, {})


def _watched(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process; the highest resident memory that was seen, in MB."""
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, psutil.Process(process.pid).memory_info().rss)
        except psutil.Error:
            break
        time.sleep(0.1)
    process.wait()
    return peak / 2**20


@torch.no_grad()
def mixed(counts: tuple[int, int, int]) -> TaskData:
    """Scenes into which pieces of the checkout's recordings are mixed, embedded by mel.

    Args:
        counts: Scenes for training, validation and test.
    """
    model = hearbaseline.load_model()
    rate = int(model.sample_rate)
    sources = {}
    for path in sorted(RECORDINGS.glob("*.flac")):
        samples, native = soundfile.read(path, dtype="float32", always_2d=True)
        sources[path.stem] = soxr.resample(samples.mean(axis=1), native, rate)
    labels = tuple(sources)
    generator = np.random.default_rng(0)
    splits = {}
    for name, count in zip(("train", "valid", "test"), counts, strict=True):
        parts = [_scene(sources, labels, rate, generator, model) for _ in range(count)]
        frames = [len(times) for _, times, _ in parts]
        splits[name] = SplitData(
            name,
            np.concatenate([embeddings for embeddings, _, _ in parts]),
            np.concatenate([of_frames(times, events, labels) for _, times, events in parts]),
            tuple(f"{name}-{n}.wav" for n in range(count)),
            np.cumsum([0, *frames]),
            np.concatenate([times for _, times, _ in parts]),
            tuple(tuple(events) for _, _, events in parts),
        )
    known = Metadata(
        "recordings_mixed", "v1", "small", "event", "multilabel", "trainvaltest",
        ("train", "valid", "test"), _SCENE_S, ("event_onset_200ms_fms", "segment_1s_er"),
    )  # fmt: skip
    return TaskData("recordings_mixed", known, labels, splits)


def _scene(
    sources: dict[str, np.ndarray],
    labels: tuple[str, ...],
    rate: int,
    generator: np.random.Generator,
    model: MelProjection,
) -> tuple[np.ndarray, np.ndarray, list[Event]]:
    """Embeddings, timestamps and events of a scene with noise and 6 to 14 events."""
    scene = generator.normal(scale=0.002, size=int(_SCENE_S * rate))
    events = []
    for label in generator.choice(labels, generator.integers(6, 15)):
        seconds = generator.uniform(0.2, 1.0)
        start = generator.uniform(0, _SCENE_S - 1.0)
        source = sources[label]
        length = min(int(seconds * rate), len(source))
        place = int(generator.integers(0, len(source) - length + 1))
        at = int(start * rate)
        scene[at : at + length] += source[place : place + length]
        events.append(Event(str(label), 1000 * start, 1000 * (start + length / rate)))
    audio = torch.from_numpy(scene.astype(np.float32))[None]
    embeddings, times = hearbaseline.get_timestamp_embeddings(audio, model)
    return embeddings[0].numpy(), times[0].numpy().astype(np.float64), events
