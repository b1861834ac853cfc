"""From jobs to files: sounds are read ahead, embedded in batches, and written behind.

Reading and writing overlap with computing. Only sounds of one length share a batch: padding
would be embedded too and change the result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .. import audio
from ..audio import Sound
from ..audio.kinds import shown
from ..errors import HearError, LostError, SubmissionError, UnreadableError, UsageError
from ..version import version
from .counts import Counts, Follow, Tell
from .jobs import Job
from .model import Embedded, Embedder
from .origin import Origin, contents_of, state_of
from .results import NpzFiles, Results
from .standing import Seen, in_order, looking, standing_of
from .writer import Writer

__all__ = ["Counts", "embed_jobs", "run"]

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
    results: Results | None = None,
    looked: Iterable[Seen] | None = None,
    counts: Counts | None = None,
) -> Counts:
    """Embed all jobs that have no current result yet.

    Args:
        jobs: What to embed.
        embedder: The HEAR module.
        batch_size: Sounds in a batch at most.
        done: Called with the number of jobs that were dealt with.
        tell: Called with one line, and the error if it is one, for each file that fails or
            looks odd.
        results: Where results are kept; None for a file each.
        looked: What was seen of each job, see `standing.looking`; None to look now.
        counts: Is kept up to date, and returned; None for a new one.

    Raises:
        UsageError: If results cannot be written; those already written stay.
    """
    results = results or NpzFiles()
    counts = Counts() if counts is None else counts
    spent = counts.spent

    def failed(_: Job, error: HearError) -> None:
        tell(str(error), error)
        counts.failed += 1
        done(1)

    def written(_: Job, seconds: float) -> None:
        counts.embedded += 1
        counts.audio_s += seconds
        done(1)

    def todo(looked: Iterable[Seen]) -> Iterator[Job]:
        judge = standing_of(embedder.key, embedder.place_now, results)
        for job, found in in_order(jobs, judge, readers, looked):
            if found.is_current:
                counts.current += 1
                done(1)
            elif found.error is not None:
                failed(job, found.error)
            else:
                yield job

    readers = ThreadPoolExecutor(_READERS, thread_name_prefix="hear-reader")
    try:
        look = looking(jobs, results) if looked is None else nullcontext(looked)
        with spent.on("checking"), look as seen:
            left = list(todo(seen))
        follow = Follow(failed, written, tell, spent)
        embed_jobs(left, embedder, batch_size, results, readers, follow)
    finally:
        readers.shutdown(cancel_futures=True)
        refused = results.finish()
    for error in refused:
        tell(str(error), error)
        counts.failed += 1
        counts.embedded -= 1
    return counts


def embed_jobs(
    jobs: Iterable[Job],
    embedder: Embedder,
    batch_size: int,
    results: Results,
    readers: ThreadPoolExecutor,
    follow: Follow,
    turn: AbstractContextManager[Any] | None = None,
) -> None:
    """Read, group by length, embed, write: in this process, and in the actors of a cluster.

    Args:
        jobs: What to embed, none of which has a current result.
        embedder: The HEAR module.
        batch_size: Sounds in a batch at most.
        results: Where results are kept.
        readers: Threads that read sounds ahead.
        follow: Is told what becomes of the jobs.
        turn: Held while the module is used, where others use it, too.

    Raises:
        LostError: If the module ended its process and cannot be loaded again.
        UsageError: If results cannot be written.
    """
    spent = follow.spent
    turn = nullcontext() if turn is None else turn

    def load(job: Job) -> _Loaded:
        with spent.on("reading"):
            return _load(job, embedder.sample_rate)

    def written(error: HearError | None, job: Job, seconds: float) -> None:
        if error is not None:
            follow.failed(job, _located(job, error))
        else:
            follow.written(job, seconds)

    def embed(batch: list[_Loaded], writer: Writer) -> None:
        """A step of its own, so that no embedding stays while the next one is made."""
        with turn, spent.on("computing"):
            embeddings = _embed(batch, embedder, follow.failed)
            key, later = embedder.key, embedder.later
        for one, embedded in embeddings:
            writer.submit(
                results.place(one.job),
                _entries(one, embedded, embedder),
                Origin.of(key, one.contents, one.job.source, one.state, later),
                partial(written, job=one.job, seconds=one.sound.duration_s),
                partial(_save, results, one.job),
            )

    with Writer(spent) as writer:
        loaded = _loaded(_read(jobs, load, readers), follow)
        for batch in _batches(loaded, batch_size):
            embed(batch, writer)


def _save(
    results: Results, job: Job, _: Path, entries: dict[str, Any], origin: Origin | None
) -> None:
    results.write(job, entries, origin)


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
    jobs: Iterable[Job], load: Callable[[Job], _Loaded], readers: ThreadPoolExecutor
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


def _loaded(readings: Iterable[_Reading], follow: Follow) -> Iterator[_Loaded]:
    """The sounds that could be read; the others, and odd ones, are told about."""
    for job, reading in readings:
        try:
            with follow.spent.on("waiting"):
                one = reading.result()
        except UnreadableError as error:
            follow.failed(job, error)
            continue
        except Exception as error:  # whatever it was, the others go on
            follow.failed(job, _located(job, error))
            continue
        for remark in audio.remarks(one.sound):
            follow.tell(f"{shown(job.source)}: {remark}", None)
        if not one.contents:
            line = "changed while it was read; embedded as it was read, and again by the next run"
            follow.tell(f"{shown(job.source)}: {line}", None)
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
    batch: list[_Loaded], embedder: Embedder, fail: Callable[[Job, HearError], None]
) -> list[tuple[_Loaded, Embedded]]:
    """Embed a batch; where it fails, one sound after the other, to tell which are at fault."""
    try:
        embedded = embedder.embed([one.sound.audio for one in batch])
    except (LostError, UsageError):
        raise
    except Exception as error:  # the submission's, or a batch that does not fit into memory
        if len(batch) > 1:
            return [result for one in batch for result in _embed([one], embedder, fail)]
        fail(batch[0].job, _located(batch[0].job, error))
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
