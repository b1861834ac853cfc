"""Sounds of jobs, read ahead by threads: from files, and from copies of what is elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .. import audio
from ..audio import Sound
from ..errors import SubmissionError, UnreadableError, UsageError
from ..remote.copies import Copy
from ..remote.url import shown
from .counts import Follow
from .jobs import Job
from .origin import contents_of, state_of

_AHEAD = 64
"""Sounds read before they are needed: several batches of short ones."""

_AHEAD_S = 1200.0
"""Seconds read ahead; one recording of 20 minutes, 230 MB at 48 kHz, while another is embedded."""


@dataclass(frozen=True)
class Loaded:
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


def located(job: Job, error: Exception) -> SubmissionError:
    """An error with the name of the file that it is about."""
    located = SubmissionError(f"{shown(job.source)}: {error}")
    located.__cause__ = error
    return located


def load_here(job: Job, sample_rate: int) -> Loaded:
    """A job's sound, and the contents of its file, unless it changes meanwhile."""
    try:
        before = state_of(job.source)
    except OSError:  # which is told in words by the reading
        before = ""
    path = job.source
    assert isinstance(path, Path)
    sound = audio.load(path, sample_rate)
    try:
        contents = contents_of(job.source)
        contents = contents if state_of(job.source) == before else ""
    except OSError:
        contents = ""
    return Loaded(job, sound, contents, before)


def load_copy(job: Job, copy: Copy, sample_rate: int) -> Loaded:
    """The same of a recording that was copied from its store."""
    path = copy.path
    try:
        sound = audio.load(path, sample_rate)
    except UnreadableError as error:
        # The decoders know the copy by its name only.
        why = str(error).removeprefix(f"{shown(path)}: ")
        raise UnreadableError(f"{shown(job.source)}: {why}") from error
    return Loaded(job, sound, copy.contents, copy.state)


_Reading = tuple[Job, Future[Loaded]]


def read_ahead(
    jobs: Iterable[tuple[Job, Future[Copy] | None]],
    load: Callable[[Job, Future[Copy] | None], Loaded],
    readers: ThreadPoolExecutor,
) -> Iterator[_Reading]:
    """Sounds in the order of the jobs, read ahead as far as memory should be used."""
    ahead: deque[tuple[float, _Reading]] = deque()
    ahead_s = 0.0
    for job, copy in jobs:
        seconds = _announced_s(job, copy)
        reading = readers.submit(load, job, copy)
        ahead.append((seconds, (job, reading)))
        ahead_s += seconds
        while ahead and (len(ahead) > _AHEAD or ahead_s > _AHEAD_S):
            seconds, first = ahead.popleft()
            ahead_s -= seconds
            yield first
    while ahead:
        yield ahead.popleft()[1]


def _announced_s(job: Job, copy: Future[Copy] | None) -> float:
    source = job.source
    if copy is None:
        return audio.announced_s(source) if isinstance(source, Path) else 0.0
    return audio.announced_s(copy.result().path) if copy.exception() is None else 0.0


def loaded(readings: Iterable[_Reading], follow: Follow) -> Iterator[Loaded]:
    """The sounds that could be read; the others, and odd ones, are told about."""
    for job, reading in readings:
        try:
            with follow.spent.on("waiting"):
                one = reading.result()
        except UnreadableError as error:
            follow.failed(job, error)
            continue
        except UsageError:  # no other one can be read either
            raise
        except Exception as error:  # whatever it was, the others go on
            follow.failed(job, located(job, error))
            continue
        for remark in audio.remarks(one.sound):
            follow.tell(f"{shown(job.source)}: {remark}", None)
        if not one.contents:
            line = "changed while it was read; embedded as it was read, and again by the next run"
            follow.tell(f"{shown(job.source)}: {line}", None)
        yield one
