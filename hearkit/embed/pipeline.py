"""From jobs to files: sounds are read ahead, embedded in batches, and written behind.

Reading and writing overlap with computing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from typing import Any

from ..errors import HearError, LostError, UsageError
from ..remote.copies import Copy
from ..remote.copying import Copying
from ..remote.url import Place
from ..version import version
from .batching import Batches, Caller, Waiting
from .counts import Counts, Follow, Tell
from .jobs import Job
from .model import Embedded, Embedder
from .origin import Origin
from .reading import Loaded, load_copy, load_here, loaded, located, read_ahead
from .results import NpzFiles, Results
from .spent import Spent
from .standing import Seen, in_order, looking, standing_of
from .writer import Writer

__all__ = ["Counts", "embed_jobs", "run"]

_READERS = 4
"""Threads; decoding, resampling and checksums run outside Python's lock."""


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
        embed_jobs(left, embedder, Batches(batch_size), results, readers, follow)
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
    batches: Batches,
    results: Results,
    readers: ThreadPoolExecutor,
    follow: Follow,
) -> None:
    """Read, group by length, embed, write: in this process, and in the actors of a cluster.

    Calls that share batches may overlap. Each embeds sounds of all, and returns once its own are
    dealt with.

    Args:
        jobs: What to embed, none of which has a current result.
        embedder: The HEAR module.
        batches: Where sounds wait for others of their length.
        results: Where results are kept.
        readers: Threads that read sounds ahead.
        follow: Is told what becomes of the jobs.

    Raises:
        LostError: If the module ended its process and cannot be loaded again.
        UsageError: If results cannot be written.
    """
    spent = follow.spent

    def load(job: Job, copy: Future[Copy] | None) -> Loaded:
        with spent.on("reading"):
            if copy is None:
                return load_here(job, embedder.sample_rate)
            try:
                return load_copy(job, copy.result(), embedder.sample_rate)
            finally:
                copying.used(copy)

    def written(error: HearError | None, job: Job, seconds: float) -> None:
        if error is not None:
            follow.failed(job, located(job, error))
        else:
            follow.written(job, seconds)

    def embedded(one: Loaded, made: Embedded) -> None:
        writer.submit(
            results.place(one.job),
            _entries(one, made, embedder),
            Origin.of(embedder.key, one.contents, one.job.source, one.state, embedder.later),
            partial(written, job=one.job, seconds=one.sound.duration_s),
            partial(_save, results, one.job),
        )

    def embed(take: Callable[[], list[Waiting]]) -> bool:
        """A step of its own, so that no embedding stays while the next one is made."""
        with batches.turn:
            batch = take()
            with spent.on("computing"):
                made = _embed(batch, embedder) if batch else []
            for waiting, embeddings in made:
                waiting.caller.embedded(waiting.one, embeddings)
        return bool(batch)

    caller = Caller(embedded, follow.failed)
    with Copying[Job]() as copying, Writer(spent, results.n_writers) as writer:
        near = _waited_for(copying.near(jobs), spent)
        with batches.with_caller(caller):
            for one in loaded(read_ahead(near, load, readers), follow):
                batches.add(Waiting(one, caller))
                while batches.is_ready and embed(batches.ready):
                    pass
            while embed(partial(batches.last, caller)):
                pass


def _waited_for(
    near: Iterator[tuple[Job, Future[Copy] | None]], spent: Spent
) -> Iterator[tuple[Job, Future[Copy] | None]]:
    """The same, with the time that copies took."""
    while True:
        with spent.on("waiting"):
            one = next(near, None)
        if one is None:
            return
        yield one


def _save(
    results: Results, job: Job, _: Place, entries: dict[str, Any], origin: Origin | None
) -> None:
    results.write(job, entries, origin)


def _embed(batch: list[Waiting], embedder: Embedder) -> list[tuple[Waiting, Embedded]]:
    """Embed a batch; where it fails, one sound after the other, to tell which are at fault."""
    try:
        embedded = embedder.embed([waiting.one.sound.audio for waiting in batch])
    except (LostError, UsageError):
        raise
    except Exception as error:  # the submission's, or a batch that does not fit into memory
        if len(batch) > 1:
            return [result for waiting in batch for result in _embed([waiting], embedder)]
        (waiting,) = batch
        waiting.caller.failed(waiting.one.job, located(waiting.one.job, error))
        return []
    return list(zip(batch, embedded, strict=True))


def _entries(one: Loaded, embedded: Embedded, embedder: Embedder) -> dict[str, Any]:
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
