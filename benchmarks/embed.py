"""`hear-embed` on a folder of short recordings: is it bound by the model?"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from hearkit.embed.jobs import find_jobs
from hearkit.embed.model import Embedded, Embedder
from hearkit.embed.pipeline import run
from hearkit.embed.spent import Spent

from ._tables import Cell, Table

RECORDINGS = Path(__file__).parent.parent / "tests/data/audio"
_CLIPS, _QUICK_CLIPS = 500, 60
_BATCH = 16
_RATES = (16000, 22050, 32000, 44100, 48000)
_LENGTHS = (8, 50)
"""Tenths of a second: of 43 lengths, so that several clips share one, as in a real data set."""

MODULES = ("hearbaseline", "hearbaseline.crepe")


class _Recorder(Embedder):
    """Remembers its batches, so that the model can be given the same ones alone."""

    def __init__(self, module: str, device: str) -> None:
        super().__init__(module, "", device)
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


def tables(device: str, *, quick: bool) -> list[Table]:
    """Where the time goes, and how much longer all of it takes than the model alone."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        clips = Path(name) / "clips"
        clips.mkdir()
        seconds = make_clips(clips, _QUICK_CLIPS if quick else _CLIPS)
        for module in MODULES:
            rows.append(_row(module, clips, Path(name) / module, seconds, device))
    return [Table("embed", "hear-embed on a folder of short clips: seconds", tuple(rows))]


def _row(module: str, clips: Path, out: Path, seconds: float, device: str) -> dict[str, Cell]:
    embedder = _Recorder(module, device)
    embedder.embed([np.zeros(embedder.sample_rate, np.float32)])  # what is made on first use
    embedder.batches.clear()
    jobs = find_jobs([clips], out)
    start = time.perf_counter()
    counts = run(jobs, embedder, _BATCH, done=lambda _: None, say=lambda *_: None)
    whole = time.perf_counter() - start
    assert counts.embedded == len(jobs)
    alone = _alone_s(embedder)
    spent: Spent = counts.spent
    return {
        "module": module,
        "clips": len(jobs),
        "audio s": seconds,
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


def _alone_s(embedder: _Recorder) -> float:
    """The model on the same batches, without files and threads."""
    batches = embedder.batches.copy()
    start = time.perf_counter()
    for batch in batches:
        embedder.embed(batch)
    seconds = time.perf_counter() - start
    del embedder.batches[len(batches) :]
    return seconds
