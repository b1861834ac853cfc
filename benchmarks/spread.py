"""Beyond one process: `--ray` and shards next to the local executor, resuming, the driver's memory.

Ray's start is measured apart. A folder of 100,000 very short clips, each of which has a result,
shows what a run takes that finds nothing to do.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile

from hearkit import machine
from hearkit.api import Submission
from hearkit.cluster import LOCAL, joined
from hearkit.embed.connect import connect
from hearkit.embed.jobs import find_jobs
from hearkit.embed.model import Embedder
from hearkit.embed.pipeline import run
from hearkit.embed.results import results_of
from hearkit.embed.spread.command import run_on_ray
from hearkit.embed.spread.messages import Setup
from hearkit.errors import HearError

from ._tables import Cell, Table, Timing
from .embed import make_clips

T = TypeVar("T")

_MODULE, _QUICK_MODULE = "hearbaseline.crepe", "hearbaseline"
_CLIPS, _QUICK_CLIPS = 500, 60
_TURNS = 2
_BATCH = 16

_RAY_MOST, _SHARDS_MOST = 1.15, 1.1
"""Times as long as one process on the same folder that each may take."""

_ENTRIES, _QUICK_ENTRIES = 100_000, 2_000
_FEW_ENTRIES = 1_000
_RESUME_MOST_S = 30.0
_CLIP_SAMPLES = 160
_LOOK_S = 0.05

_TINY = """
import torch

class Model(torch.nn.Module):
    sample_rate = 16000
    scene_embedding_size = timestamp_embedding_size = 2

def load_model(model_file_path=""):
    return Model()

def get_timestamp_embeddings(audio, model):
    level = audio.square().mean(1)[:, None, None]
    return torch.cat([level, level + 1], 2), torch.zeros(len(audio), 1)

def get_scene_embeddings(audio, model):
    return torch.stack([audio.square().mean(1), audio.mean(1)], 1)
"""
"""A module that takes no time, so that all that is measured is ours."""


@dataclass(frozen=True)
class _Spread:
    """Seconds of a run on a Ray of this machine."""

    start: float
    run: float
    stop: float


def tables(device: str, *, quick: bool) -> Iterator[Table]:
    """Ray and shards next to one process; resuming, with its memory."""
    with tempfile.TemporaryDirectory(prefix="h", dir="/tmp") as name:  # sockets have short paths
        work = Path(name)
        clips = work / "clips"
        clips.mkdir()
        seconds = make_clips(clips, _QUICK_CLIPS if quick else _CLIPS)
        module = _QUICK_MODULE if quick else _MODULE
        rows = _processes(module, clips, work, device, 1 if quick else _TURNS)
        title = f"hear-embed with {module} on {seconds:.0f} s of clips: s, median (least-most)"
        yield Table("spread", title, tuple(rows))
        entries = _QUICK_ENTRIES if quick else _ENTRIES
        title = "hear-embed on clips that all have results: wall seconds, MB of the command"
        yield Table("spread", title, tuple(_resuming(entries, work)))


def _processes(
    module: str, clips: Path, work: Path, device: str, turns: int
) -> Iterator[dict[str, Cell]]:
    """One process, Ray, and two shards, in turns."""
    alone, spread, single, shards = [], [], [], []
    for _ in range(turns):
        alone.append(_apart(_alone, module, clips, work / "alone", device))
        spread.append(_apart(_on_ray, module, clips, work / "ray", device))
        single.append(_commands(module, clips, work / "single", device, [()]))
        parts = [("--shard", f"{n}/2") for n in (1, 2)]
        shards.append(_commands(module, clips, work / "shards", device, parts))
    local, command = Timing(tuple(alone)), Timing(tuple(single))
    on_ray, sharded = Timing(tuple(one.run for one in spread)), Timing(tuple(shards))
    yield _row("--ray, its start apart", turns, local, on_ray, _RAY_MOST) | {
        "Ray's start": Timing(tuple(one.start for one in spread)),
        "Ray's end": Timing(tuple(one.stop for one in spread)),
    }
    yield _row("two shards at once", turns, command, sharded, _SHARDS_MOST) | {
        "Ray's start": "",
        "Ray's end": "",
    }


def _row(what: str, turns: int, one: Timing, other: Timing, most: float) -> dict[str, Cell]:
    ratio = other.over(one)
    return {
        "what": what,
        "turns": turns,
        "one process": one,
        "spread": other,
        "times": ratio,
        "goal": f"{most}",
        "met": "yes" if ratio <= most else "no",
    }


def _apart(function: Callable[..., T], *arguments: object) -> T:
    """A call in a process of its own, which imports nothing for the next one."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _tell(line: str, error: HearError | None) -> None:
    if error is not None:
        raise error
    print(line, file=sys.stderr)


def _alone(module: str, clips: Path, out: Path, device: str) -> float:
    """The local executor, the model's loading included."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    shutil.rmtree(out, ignore_errors=True)
    jobs = find_jobs([clips], out)
    submission = Submission.of(module, device=device)
    start = time.perf_counter()
    connection = connect(
        submission, seconds=3600.0, memory_bytes=None, command="hear-embed", in_process=False
    )
    with closing(connection):
        embedder = Embedder(submission, lambda _: connection)
        counts = run(jobs, embedder, _BATCH, done=lambda _: None, tell=_tell)
    assert counts.embedded == len(jobs)
    return time.perf_counter() - start


def _on_ray(module: str, clips: Path, out: Path, device: str) -> _Spread:
    """A Ray of this machine, the model's loading included."""
    shutil.rmtree(out, ignore_errors=True)
    jobs = find_jobs([clips], out)
    submission = Submission.of(module, device=device)
    setup = Setup(submission, "", _BATCH, 3600.0, None, False, "hear-embed", Path.cwd(), "npz", out)
    times = [time.perf_counter()]
    with joined(LOCAL) as ray:
        times.append(time.perf_counter())
        counts = run_on_ray(
            ray, jobs, setup, results_of("npz", out), done=lambda _: None, tell=_tell
        )
        times.append(time.perf_counter())
    times.append(time.perf_counter())
    assert counts.embedded == len(jobs)
    return _Spread(*np.diff(times).tolist())


def _commands(
    module: str, clips: Path, out: Path, device: str, each: Sequence[tuple[str, ...]]
) -> float:
    """Commands at once that write into one folder, until the last has ended."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "hearkit.embed", str(clips), "--out", str(out)]
    command += ["--module", module, "--device", device]
    start = time.perf_counter()
    running = [subprocess.Popen([*command, *more], stdout=subprocess.DEVNULL) for more in each]
    statuses = [process.wait() for process in running]
    seconds = time.perf_counter() - start
    if any(statuses):
        raise subprocess.CalledProcessError(max(statuses), command)
    return seconds


def _resuming(entries: int, work: Path) -> Iterator[dict[str, Cell]]:
    """Runs that find all results, of few clips and of many."""
    (work / "tiny.py").write_text(_TINY)
    for count in (min(_FEW_ENTRIES, entries // 2), entries):
        clips = work / f"short{count}"
        _make_short(clips, count)
        for kind in ("parquet", "npz"):
            out = work / f"out{count}{kind}"
            given = (str(clips), "--out", str(out), "--module", "tiny", "--format", kind)
            made, _ = _taken((*given, "--batch", "256"), work)
            local, local_peak = _taken(given, work)
            on_ray, ray_peak = _taken((*given, "--ray"), work)
            yield {
                "entries": count,
                "format": kind,
                "first run": made,
                "resumed": local,
                "goal": f"{_RESUME_MOST_S:g}",
                "met": "yes" if local <= _RESUME_MOST_S else "no",
                "command MB": local_peak / 1e6,
                "resumed with --ray, its start included": on_ray,
                "driver MB": ray_peak / 1e6,
            }


def _make_short(folder: Path, count: int) -> None:
    """Clips of 10 ms, a thousand in a folder."""
    for n in range(count):
        place = folder / f"{n // 1000:03}"
        if n % 1000 == 0:
            place.mkdir(parents=True)
        samples = np.full(_CLIP_SAMPLES, (n + 1) / (count + 1))
        soundfile.write(place / f"{n:06}.wav", samples, 16000)


def _taken(arguments: Sequence[str], work: Path) -> tuple[float, int]:
    """Wall seconds of the command, and the most memory of its own process in bytes."""
    peak, start = 0, time.perf_counter()
    command = [sys.executable, "-m", "hearkit.embed", *arguments]
    with subprocess.Popen(command, cwd=work, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, machine.peak_bytes(process.pid))
            time.sleep(_LOOK_S)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return time.perf_counter() - start, peak
