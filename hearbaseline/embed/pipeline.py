"""From jobs to files: sounds are read ahead, embedded in batches, and written behind.

Reading and writing overlap with computing. Only sounds of one length share a batch: padding
would be embedded too and change the result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from . import sounds, store
from .errors import EmbedError, SubmissionError, UnreadableError, UsageError
from .jobs import Job
from .model import Embedded, Embedder
from .sounds import Sound

_AHEAD = 4
"""Sounds read before they are needed; 20 minutes at 48 kHz are 230 MB each."""

_BATCH_S = 120.0
"""Seconds of audio in a batch at most, so that memory stays bounded."""

Message = Callable[[str], None]


@dataclass
class Counts:
    """What became of the jobs."""

    embedded: int = 0
    current: int = 0
    failed: int = 0

    def __str__(self) -> str:
        """The last line that the command prints."""
        return f"embedded {self.embedded}, already there {self.current}, failed {self.failed}"


def run(
    jobs: list[Job],
    embedder: Embedder,
    batch_size: int,
    *,
    done: Callable[[int], None],
    say: Message,
) -> Counts:
    """Embed all jobs that have no current result yet.

    Args:
        jobs: What to embed.
        embedder: The HEAR module.
        batch_size: Sounds in a batch at most.
        done: Called with the number of jobs that were dealt with.
        say: Called with one line for each file that fails or looks odd.

    Raises:
        UsageError: If results cannot be written; those already written stay.
    """
    counts = Counts()
    todo = []
    for job in jobs:
        if store.is_current(job.output, _fingerprint(job, embedder)):
            counts.current += 1
            done(1)
        else:
            todo.append(job)

    def fail(line: str) -> None:
        say(line)
        counts.failed += 1
        done(1)

    with ThreadPoolExecutor(2) as readers, ThreadPoolExecutor(1) as writer:
        writing: deque[Future[None]] = deque()
        read = _readable(_read(todo, embedder.sample_rate, readers), fail, say)
        for batch in _batches(read, batch_size):
            for job, sound, embedded in _embed(batch, embedder, fail):
                writing.append(writer.submit(_write, job, sound, embedded, embedder))
                counts.embedded += 1
                done(1)
            while len(writing) > 2 * batch_size or (writing and writing[0].done()):
                writing.popleft().result()
        for pending in writing:
            pending.result()
    return counts


def _read(
    jobs: Iterable[Job], sample_rate: int, readers: ThreadPoolExecutor
) -> Iterator[tuple[Job, Sound | UnreadableError]]:
    """Sounds in the order of the jobs, read a few ahead."""
    ahead: deque[tuple[Job, Future[Sound]]] = deque()
    for job in jobs:
        ahead.append((job, readers.submit(sounds.load, job.source, sample_rate)))
        if len(ahead) > _AHEAD:
            yield _ready(*ahead.popleft())
    while ahead:
        yield _ready(*ahead.popleft())


def _ready(job: Job, future: Future[Sound]) -> tuple[Job, Sound | UnreadableError]:
    try:
        return job, future.result()
    except UnreadableError as error:
        return job, error


def _readable(
    read: Iterable[tuple[Job, Sound | UnreadableError]], fail: Message, say: Message
) -> Iterator[tuple[Job, Sound]]:
    """The sounds that could be read; the others, and odd ones, are told about."""
    for job, sound in read:
        if isinstance(sound, UnreadableError):
            fail(str(sound))
            continue
        if sound.peak > 1.0:
            say(f"{job.source}: peaks at {sound.peak:.2f}, beyond full scale; embedded as it is")
        yield job, sound


def _batches(
    sounds: Iterable[tuple[Job, Sound]], batch_size: int
) -> Iterator[list[tuple[Job, Sound]]]:
    """Neighbouring sounds of one length, at most so many and so long."""
    batch: list[tuple[Job, Sound]] = []
    for job, sound in sounds:
        longest = max(1, min(batch_size, int(_BATCH_S / max(sound.duration_s, 1e-3))))
        if batch and (len(batch) >= longest or len(batch[0][1].audio) != len(sound.audio)):
            yield batch
            batch = []
        batch.append((job, sound))
    if batch:
        yield batch


def _embed(
    batch: list[tuple[Job, Sound]], embedder: Embedder, fail: Message
) -> list[tuple[Job, Sound, Embedded]]:
    """Embed a batch; where it fails, one sound after the other, to say which are at fault."""
    try:
        embedded = embedder.embed([sound.audio for _, sound in batch])
    except SubmissionError as error:
        if len(batch) == 1:
            fail(f"{batch[0][0].source}: {error}")
            return []
        return [result for one in batch for result in _embed([one], embedder, fail)]
    return [(job, sound, e) for (job, sound), e in zip(batch, embedded, strict=True)]


def _write(job: Job, sound: Sound, embedded: Embedded, embedder: Embedder) -> None:
    try:
        store.write(
            job.output,
            {
                "scene_embedding": embedded.scene_embedding,
                "timestamp_embeddings": embedded.timestamp_embeddings,
                "timestamps": embedded.timestamps,
                "source": str(job.source),
                "duration": sound.duration_s,
                "sample_rate": embedder.sample_rate,
                "module": embedder.name,
                "weights": embedder.weights,
                "fingerprint": _fingerprint(job, embedder),
            },
        )
    except OSError as error:
        raise UsageError(
            f"{job.output}: cannot be written ({error.strerror}); the results before it stay, "
            "and the same command goes on from there"
        ) from None


def _fingerprint(job: Job, embedder: Embedder) -> str:
    try:
        return store.fingerprint(job.source, embedder.name, embedder.files)
    except OSError as error:
        raise EmbedError(f"{error.filename}: vanished while it was embedded") from None
