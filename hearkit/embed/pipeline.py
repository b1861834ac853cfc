"""From jobs to files: sounds are read ahead, embedded in batches, and written behind.

Reading and writing overlap with computing. Only sounds of one length share a batch: padding
would be embedded too and change the result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .. import audio, files
from ..audio import Sound
from ..audio.kinds import shown
from ..errors import HearError, LostError, SubmissionError, UnreadableError, UsageError
from ..version import version
from .jobs import Job
from .model import Embedded, Embedder
from .origin import Origin, contents_of, state_of
from .spent import Spent
from .standing import Seen, looking, standing_of
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
    """A job's sound, and what it was read from.

    Attributes:
        job: Its job.
        sound: The sound.
        contents: SHA-256 of the file; "" where it changed while it was read.
        state: The file's size and times before it was read.
    """

    job: Job
    sound: Sound
    contents: str
    state: str


def run(
    jobs: list[Job],
    embedder: Embedder,
    batch_size: int,
    *,
    done: Callable[[int], None],
    tell: Tell,
    looked: Iterable[Seen] | None = None,
) -> Counts:
    """Embed all jobs that have no current result yet.

    Args:
        jobs: What to embed.
        embedder: The HEAR module.
        batch_size: Sounds in a batch at most.
        done: Called with the number of jobs that were dealt with.
        tell: Called with one line, and the error if it is one, for each file that fails or
            looks odd.
        looked: What was seen of each job, see `standing.looking`; None to look now.

    Raises:
        UsageError: If results cannot be written; those already written stay.
    """
    counts = Counts()
    spent = counts.spent

    def fail(error: HearError) -> None:
        tell(str(error), error)
        counts.failed += 1
        done(1)

    def todo(looked: Iterable[Seen]) -> Iterator[Job]:
        tell_standing = standing_of(embedder.key, embedder.place_now)
        for job, found in zip(jobs, readers.map(tell_standing, jobs, looked), strict=True):
            if found.is_current:
                counts.current += 1
                done(1)
            elif found.error is not None:
                fail(found.error)
            else:
                yield job

    def load(job: Job) -> _Loaded:
        with spent.on("reading"):
            return _load(job, embedder.sample_rate)

    def written(error: HearError | None, job: Job) -> None:
        if error is not None:
            fail(_located(job, error))
        else:
            counts.embedded += 1
            done(1)

    def embed(batch: list[_Loaded], writer: Writer) -> None:
        """A step of its own, so that no result stays while the next one is made."""
        with spent.on("computing"):
            results = _embed(batch, embedder, fail)
        for one, embedded in results:
            origin = Origin.of(
                embedder.key, one.contents, one.job.source, one.state, embedder.later
            )
            entries = _entries(one, embedded, embedder)
            writer.submit(one.job.output, entries, origin, partial(written, job=one.job))

    readers = ThreadPoolExecutor(_READERS, thread_name_prefix="hear-reader")
    try:
        with spent.on("checking"):
            for folder in {job.output.parent for job in jobs}:
                files.sweep(folder)
            with looking(jobs) if looked is None else nullcontext(looked) as seen:
                left = list(todo(seen))
        with Writer(spent) as writer:
            loaded = _loaded(_read(left, load, readers), spent, fail, tell)
            for batch in _batches(loaded, batch_size):
                embed(batch, writer)
    finally:
        readers.shutdown(cancel_futures=True)
    return counts


def _located(job: Job, error: Exception) -> SubmissionError:
    """An error with the name of the file that it is about."""
    located = SubmissionError(f"{shown(job.source)}: {error}")
    located.__cause__ = error
    return located


def _load(job: Job, sample_rate: int) -> _Loaded:
    """A job's sound, and the contents of its file, unless it changes meanwhile."""
    try:
        before = state_of(job.source)
    except OSError:  # which is told in words by the reading
        before = ""
    sound = audio.load(job.source, sample_rate)
    try:
        contents = contents_of(job.source)
        contents = contents if state_of(job.source) == before else ""
    except OSError:
        contents = ""
    return _Loaded(job, sound, contents, before)


_Reading = tuple[Job, Future[_Loaded]]


def _read(
    jobs: list[Job], load: Callable[[Job], _Loaded], readers: ThreadPoolExecutor
) -> Iterator[_Reading]:
    """Sounds in the order of the jobs, read ahead as far as memory should be used."""
    ahead: deque[tuple[float, _Reading]] = deque()
    ahead_s = 0.0
    for job in jobs:
        seconds = audio.announced_s(job.source)
        reading = readers.submit(load, job)
        ahead.append((seconds, (job, reading)))
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
    for job, reading in readings:
        try:
            with spent.on("waiting"):
                one = reading.result()
        except UnreadableError as error:
            fail(error)
            continue
        except Exception as error:  # whatever it was, the others go on
            fail(_located(job, error))
            continue
        for remark in audio.remarks(one.sound):
            tell(f"{shown(job.source)}: {remark}", None)
        if not one.contents:
            line = "changed while it was read; embedded as it was read, and again by the next run"
            tell(f"{shown(job.source)}: {line}", None)
        yield one


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
    except (LostError, UsageError):
        raise
    except Exception as error:  # the submission's, or a batch that does not fit into memory
        if len(batch) > 1:
            return [result for one in batch for result in _embed([one], embedder, fail)]
        fail(_located(batch[0].job, error))
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
    }
