"""From jobs to files: sounds are read ahead, embedded in batches, and written behind.

Reading and writing overlap with computing. Only sounds of one length share a batch: padding
would be embedded too and change the result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import audio
from ..audio import Sound
from ..errors import HearError, SubmissionError, UnreadableError
from ..version import version
from . import store
from .jobs import Job
from .model import Embedded, Embedder
from .spent import Spent
from .writer import Writer

_READERS = 4
"""Threads; decoding, resampling and checksums run outside Python's lock."""

_AHEAD = 64
"""Sounds read before they are needed: several batches of short ones."""

_AHEAD_S = 1200.0
"""Seconds read ahead; one recording of 20 minutes, 230 MB at 48 kHz, while another is embedded."""

_BATCH_S = 120.0
"""Seconds of audio in a batch at most, so that the results' memory stays bounded."""

_WAITING_S = 600.0
"""Seconds of audio that wait for others of their length."""

_CUT_S = 0.1
"""Seconds that a header may announce too much; mp3 encoders pad by up to 2 x 1152 samples."""

Tell = Callable[[str, HearError | None], None]


@dataclass
class Counts:
    """What became of the jobs, and of the time."""

    embedded: int = 0
    current: int = 0
    failed: int = 0
    spent: Spent = field(default_factory=Spent)

    def __str__(self) -> str:
        """The last line that the command prints."""
        return f"embedded {self.embedded}, already there {self.current}, failed {self.failed}"


@dataclass(frozen=True)
class _Loaded:
    """A job's sound, and the fingerprint of what it was read from."""

    job: Job
    fingerprint: str
    sound: Sound


def run(
    jobs: list[Job],
    embedder: Embedder,
    batch_size: int,
    *,
    done: Callable[[int], None],
    tell: Tell,
) -> Counts:
    """Embed all jobs that have no current result yet.

    Args:
        jobs: What to embed.
        embedder: The HEAR module.
        batch_size: Sounds in a batch at most.
        done: Called with the number of jobs that were dealt with.
        tell: Called with one line, and the error if it is one, for each file that fails or
            looks odd.

    Raises:
        UsageError: If results cannot be written; those already written stay.
    """
    counts = Counts()
    spent = counts.spent

    def fail(error: HearError) -> None:
        tell(str(error), error)
        counts.failed += 1
        done(1)

    def todo() -> Iterator[tuple[Job, str]]:
        made_with = store.state(embedder.files)
        standing = readers.map(lambda job: _standing(job, embedder.name, made_with), jobs)
        for job, (fingerprint, current) in zip(jobs, standing, strict=True):
            if current:
                counts.current += 1
                done(1)
            else:
                yield job, fingerprint

    def load(path: Path) -> Sound:
        with spent.on("reading"):
            return audio.load(path, embedder.sample_rate)

    readers = ThreadPoolExecutor(_READERS)
    try:
        with spent.on("checking"):
            left = list(todo())
        with Writer(spent) as writer:
            loaded = _loaded(_read(left, load, readers), spent, fail, tell)
            for batch in _batches(loaded, batch_size):
                with spent.on("computing"):
                    results = _embed(batch, embedder, fail)
                for one, embedded in results:
                    writer.submit(one.job.output, _entries(one, embedded, embedder))
                    counts.embedded += 1
                    done(1)
    finally:
        readers.shutdown(cancel_futures=True)
    return counts


def _standing(job: Job, module: str, made_with: store.State) -> tuple[str, bool]:
    """The job's fingerprint, and whether it has a current result."""
    try:
        fingerprint = store.fingerprint(job.source, module, made_with)
    except OSError:  # which file and why is told when it is read
        return "", False
    return fingerprint, store.is_current(job.output, fingerprint)


_Reading = tuple[Job, str, Future[Sound]]


def _read(
    jobs: list[tuple[Job, str]], load: Callable[[Path], Sound], readers: ThreadPoolExecutor
) -> Iterator[_Reading]:
    """Sounds in the order of the jobs, read ahead as far as memory should be used."""
    ahead: deque[tuple[float, _Reading]] = deque()
    ahead_s = 0.0
    for job, fingerprint in jobs:
        seconds = audio.announced_s(job.source)
        reading = readers.submit(load, job.source)
        ahead.append((seconds, (job, fingerprint, reading)))
        ahead_s += seconds
        while ahead and (len(ahead) > _AHEAD or ahead_s > _AHEAD_S):
            seconds, first = ahead.popleft()
            ahead_s -= seconds
            yield first
    while ahead:
        yield ahead.popleft()[1]


def _loaded(
    readings: Iterable[_Reading], spent: Spent, fail: Callable[[HearError], None], tell: Tell
) -> Iterator[_Loaded]:
    """The sounds that could be read; the others, and odd ones, are told about."""
    for job, fingerprint, reading in readings:
        try:
            with spent.on("waiting"):
                sound = reading.result()
        except UnreadableError as error:
            fail(error)
            continue
        if sound.peak > 1.0:
            line = f"{job.source}: peaks at {sound.peak:.2f}, beyond full scale; embedded as it is"
            tell(line, None)
        if sound.announced_s - sound.duration_s > _CUT_S:
            tell(
                f"{job.source}: cut short, holds {sound.duration_s:.2f} of the "
                f"{sound.announced_s:.2f} s that it announces; embedded as far as it goes",
                None,
            )
        yield _Loaded(job, fingerprint, sound)


def _batches(loaded: Iterable[_Loaded], batch_size: int) -> Iterator[list[_Loaded]]:
    """Sounds of one length, at most so many and so long; they need not be neighbours."""
    waiting: dict[int, list[_Loaded]] = {}
    waiting_s = 0.0
    for one in loaded:
        length = len(one.sound.audio)
        group = waiting.setdefault(length, [])
        group.append(one)
        waiting_s += one.sound.duration_s
        if len(group) >= min(batch_size, _BATCH_S // one.sound.duration_s):
            ready = waiting.pop(length)
        elif waiting_s > _WAITING_S:
            ready = waiting.pop(next(iter(waiting)))
        else:
            continue
        waiting_s -= sum(member.sound.duration_s for member in ready)
        yield ready
    yield from waiting.values()


def _embed(
    batch: list[_Loaded], embedder: Embedder, fail: Callable[[HearError], None]
) -> list[tuple[_Loaded, Embedded]]:
    """Embed a batch; where it fails, one sound after the other, to tell which are at fault."""
    try:
        embedded = embedder.embed([one.sound.audio for one in batch])
    except SubmissionError as error:
        if len(batch) > 1:
            return [result for one in batch for result in _embed([one], embedder, fail)]
        located = SubmissionError(f"{batch[0].job.source}: {error}")
        located.__cause__ = error
        fail(located)
        return []
    return list(zip(batch, embedded, strict=True))


def _entries(one: _Loaded, embedded: Embedded, embedder: Embedder) -> dict[str, Any]:
    return {
        "scene_embedding": embedded.scene_embedding,
        "timestamp_embeddings": embedded.timestamp_embeddings,
        "timestamps": embedded.timestamps,
        "source": str(one.job.source),
        "duration": one.sound.duration_s,
        "sample_rate": embedder.sample_rate,
        "module": embedder.name,
        "weights": embedder.weights,
        "version": version(),
        "fingerprint": one.fingerprint,
    }
