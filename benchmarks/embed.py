"""`hear-embed` on a folder of short recordings: is it bound by the model, what does isolation cost?

Isolation is measured in turns with the module in the same process: as whole commands in fresh
processes, start-up included, and as the pipeline alone, the model loaded and warm. Of one long
recording, the memory is measured.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from hearkit.api import Connection, Submission
from hearkit.api.local import LocalConnection
from hearkit.api.process import Limits, WorkerProcess, free_memory_bytes
from hearkit.embed.jobs import find_jobs
from hearkit.embed.model import Embedded, Embedder
from hearkit.embed.pipeline import Counts, run
from hearkit.errors import HearError

from ._processes import Seconds, memory_of_command, of_call, of_command
from ._tables import Cell, Table, Timing

RECORDINGS = Path(__file__).parent.parent / "tests/data/audio"
_CLIPS, _QUICK_CLIPS = 500, 60
_BATCH = 16
_RATES = (16000, 22050, 32000, 44100, 48000)
_LENGTHS = (8, 50)
"""Tenths of a second: of 43 lengths, so that several clips share one, as in a real data set."""

MODULES = ("hearbaseline", "hearbaseline.crepe")

_TURNS = {"hearbaseline": 7, "hearbaseline.crepe": 1}
"""A turn of CREPE takes three minutes on two cores; its ratio hardly changes from turn to turn."""

_QUICK_TURNS = 3

_LONG_S, _QUICK_LONG_S = 3600, 300
_SPARE_BYTES = 500e6
"""The goal for memory: twice the result, and so much."""

_MOST = 1.1
"""Times as long as in process: what isolation may cost."""

_TIMEOUT_S = 3600.0

_Connect = Callable[[Submission], Connection]


@dataclass(frozen=True)
class _Folder:
    """A folder of clips, and one for results.

    Attributes:
        clips: Where the clips are.
        seconds: Of audio in all of them.
        out: Where results go; each run begins with none.
    """

    clips: Path
    seconds: float
    out: Path


class _Recorder(Embedder):
    """Remembers its batches, so that the model can be given the same ones alone."""

    def __init__(self, module: str, device: str) -> None:
        super().__init__(Submission.of(module, device=device), LocalConnection)
        self.batches: list[list[NDArray[np.float32]]] = []

    def embed(self, sounds: list[NDArray[np.float32]]) -> list[Embedded]:
        self.batches.append(sounds)
        return super().embed(sounds)


def make_clips(folder: Path, count: int) -> float:
    """Cut clips from the recordings, in turn, at several sample rates; half flac, half wav.

    Returns:
        Seconds in all of them.
    """
    generator = np.random.default_rng(0)
    sources = [soundfile.read(path, dtype="float32") for path in sorted(RECORDINGS.glob("*.flac"))]
    seconds = 0.0
    for n in range(count):
        samples, native = sources[n % len(sources)]
        rate = int(generator.choice(_RATES))
        wanted = int(generator.integers(*_LENGTHS, endpoint=True)) * native // 10
        samples = np.resize(samples, (wanted, *samples.shape[1:]))  # repeated where it is shorter
        clip = soxr.resample(samples, native, rate)
        soundfile.write(folder / f"{n:03}.{'wav' if n % 2 else 'flac'}", clip.clip(-1, 1), rate)
        seconds += len(clip) / rate
    return seconds


def tables(device: str, *, quick: bool) -> Iterator[Table]:
    """Memory, where the time goes, how much longer it takes than the model alone, and isolated."""
    with tempfile.TemporaryDirectory() as name:
        clips = Path(name) / "clips"
        clips.mkdir()
        seconds = make_clips(clips, _QUICK_CLIPS if quick else _CLIPS)
        folder = _Folder(clips, seconds, Path(name) / "out")
        long = _long(Path(name), _QUICK_LONG_S if quick else _LONG_S, device)
        yield Table("embed", "hear-embed on one long recording: memory in GB", (long,))
        spent = tuple(_spent(module, folder, device) for module in MODULES)
        yield Table("embed", "hear-embed on a folder of short clips, in process: seconds", spent)
        for module in MODULES:
            rows = _isolated(module, folder, device, _QUICK_TURNS if quick else _TURNS[module])
            title = f"hear-embed with {module}, isolated and in process: s, median (least-most)"
            yield Table("embed", title, tuple(rows))


def _long(work: Path, seconds: int, device: str) -> dict[str, Cell]:
    """The memory that one recording of so many seconds takes, next to that of its result."""
    samples, rate = soundfile.read(sorted(RECORDINGS.glob("*.flac"))[0], dtype="float32")
    recording = work / "long.flac"
    with soundfile.SoundFile(recording, "w", rate, 1) as file:
        for _ in range(seconds * rate // len(samples) + 1):
            file.write(samples.reshape(len(samples), -1)[:, 0])
    out = work / "long"
    arguments = (str(recording), "--out", str(out), "--device", device)
    taken = memory_of_command((sys.executable, "-m", "hearkit.embed", *arguments))
    result = (out / "long.flac.npz").stat().st_size
    goal = 2 * result + _SPARE_BYTES
    return {
        "module": MODULES[0],
        "audio s": seconds,
        "result": result / 1e9,
        "command's process": taken.own / 1e9,
        "module's process": taken.started / 1e9,
        "both at once": taken.together / 1e9,
        "goal for each": goal / 1e9,
        "met": "yes" if max(taken.own, taken.started) <= goal else "no",
    }


def _run(folder: _Folder, embedder: Embedder) -> Counts:
    shutil.rmtree(folder.out, ignore_errors=True)
    jobs = find_jobs([folder.clips], folder.out)

    def tell(_: str, error: HearError | None) -> None:
        if error is not None:
            raise error

    counts = run(jobs, embedder, _BATCH, done=lambda _: None, tell=tell)
    assert counts.embedded == len(jobs)
    return counts


def _spent(module: str, folder: _Folder, device: str) -> dict[str, Cell]:
    embedder = _Recorder(module, device)
    _warm_up(embedder)
    embedder.batches.clear()
    start = time.perf_counter()
    counts = _run(folder, embedder)
    whole = time.perf_counter() - start
    alone = _alone_s(embedder)
    spent = counts.spent
    return {
        "module": module,
        "clips": counts.embedded,
        "audio s": folder.seconds,
        "batches": len(embedder.batches),
        "all": whole,
        "model alone": alone,
        "all / model alone": whole / alone,
        "computing": spent.computing,
        "waiting for sounds": spent.waiting,
        "waiting for the disk": spent.handing_over,
        "checking": spent.checking,
        "(readers' time)": spent.reading,
        "(writer's time)": spent.writing,
    }


def _warm_up(embedder: Embedder) -> None:
    """Have made what is made on first use."""
    embedder.embed([np.zeros(embedder.sample_rate, np.float32)])


def _alone_s(embedder: _Recorder) -> float:
    """The model on the same batches, without files and threads."""
    batches = embedder.batches.copy()
    start = time.perf_counter()
    for batch in batches:
        embedder.embed(batch)
    seconds = time.perf_counter() - start
    del embedder.batches[len(batches) :]
    return seconds


def _isolated(module: str, folder: _Folder, device: str, turns: int) -> list[dict[str, Cell]]:
    """A row for whole commands, and one for the pipeline alone."""

    def command(*more: str) -> Seconds:
        shutil.rmtree(folder.out, ignore_errors=True)
        arguments = (str(folder.clips), "--out", str(folder.out), "--module", module)
        return of_command(
            (sys.executable, "-m", "hearkit.embed", *arguments, "--device", device, *more)
        )

    def pipeline(connect: _Connect) -> Seconds:
        # As the command does; threads ask when PyTorch is imported, so in a process of its own.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(_pipeline, module, folder, device, connect).result()

    commands, pipelines = [], []
    for _ in range(turns):
        commands.append((command(), command("--in-process")))
        pipelines.append((pipeline(_worker), pipeline(LocalConnection)))
    return [
        {"module": module, "what": what} | _compared(taken)
        for what, taken in (("command", commands), ("pipeline", pipelines))
    ]


def _pipeline(module: str, folder: _Folder, device: str, connect: _Connect) -> Seconds:
    """The pipeline alone, the model loaded and warm."""
    embedder = Embedder(Submission.of(module, device=device), connect)
    try:
        _warm_up(embedder)
        return of_call(lambda: _run(folder, embedder))
    finally:
        embedder.close()


def _worker(submission: Submission) -> WorkerProcess:
    """As `hear-embed` connects."""
    limits = Limits(_TIMEOUT_S, free_memory_bytes())
    return WorkerProcess(submission, limits, command="hear-embed", watched=False)


def _compared(taken: list[tuple[Seconds, Seconds]]) -> dict[str, Cell]:
    isolated, local = zip(*taken, strict=True)
    wall, wall_local = (Timing(tuple(one.wall for one in side)) for side in (isolated, local))
    used, used_local = (Timing(tuple(one.processor for one in side)) for side in (isolated, local))
    ratio = wall.over(wall_local)
    return {
        "turns": len(taken),
        "isolated": wall,
        "in process": wall_local,
        "times": ratio,
        "goal": f"{_MOST}",
        "met": "yes" if ratio <= _MOST else "no",
        "isolated, processor": used,
        "in process, processor": used_local,
        "times, processor": used.over(used_local),
    }
