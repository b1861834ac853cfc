"""The recordings of a task: which rate is there, what their headers say, their samples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ... import audio
from ...errors import TaskError, UnreadableError
from ...files import digest
from .faults import Faults, listed
from .folder import Split, Task

_LATE_MS = 1.0
"""Milliseconds that an event may end after its recording: rounded times are no fault."""


@dataclass(frozen=True)
class Header:
    """What a recording's header says.

    Attributes:
        frames: Samples of each channel.
        rate: Hz.
        channels: Number of channels.
    """

    frames: int
    rate: int
    channels: int


@dataclass(frozen=True)
class Source:
    """Where the audio for a model comes from.

    Attributes:
        task: The task.
        rate: Rate of the recordings, in Hz.
        wanted: Rate of the model, in Hz.
    """

    task: Task
    rate: int
    wanted: int

    @classmethod
    def of(cls, task: Task, wanted: int) -> Source:
        """The recordings at the model's rate, or at the best rate that is there.

        Every sample that the model is to get should come from one that was recorded, so the
        highest rate is the best.
        """
        rate = wanted if wanted in task.rates else task.rates[-1]
        return cls(task, rate, wanted)

    @property
    def resampled(self) -> str:
        """One line on the resampling; "" if there is none."""
        if self.rate == self.wanted:
            return ""
        return (
            f"the task has no audio at the model's {self.wanted} Hz; its {self.rate} Hz were "
            "resampled by soxr at its highest quality"
        )

    def path(self, split: str, file: str) -> Path:
        """A recording."""
        return self.task.path / str(self.rate) / split / file

    def header(self, split: str, file: str) -> Header:
        """What a recording's header says.

        Raises:
            TaskError: If it is missing or no audio.
        """
        path = self.path(split, file)
        found = _header(path)
        if isinstance(found, str):
            raise TaskError(f"{path}: {found}; hear-eval check {self.task.path} tells everything")
        return found


def samples(path: str, rate: int) -> NDArray[np.float32]:
    """A recording as the model takes it, shape (n_samples,).

    At the model's rate these are the numbers that the oracle reads.

    Args:
        path: The recording.
        rate: Rate of the model, in Hz.

    Raises:
        TaskError: If it cannot be read.
    """
    try:
        return audio.load(Path(path), rate).audio
    except UnreadableError as error:
        # Without the recording it would be another task: nothing is skipped here.
        raise TaskError(not_skipped(error)) from error


def not_skipped(error: UnreadableError) -> str:
    """What is wrong with a recording, where none is skipped."""
    said = str(error).replace("; skipped, ", "; ")
    return f"{said.removesuffix('; skipped')}; replace it" if said.endswith("; skipped") else said


def _header(path: Path) -> Header | str:
    """A recording's header, or what is wrong with the file."""
    import soundfile

    try:
        info = soundfile.info(str(path))
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        if not path.exists():
            return "is missing"
        return f"cannot be read as audio ({str(error).partition(': ')[2].rstrip('.') or error})"
    if not info.frames:
        return "holds no samples"
    return Header(int(info.frames), int(info.samplerate), int(info.channels))


def check(task: Task, faults: Faults) -> None:
    """Look at the recordings of every rate.

    Args:
        task: The task.
        faults: Takes what is wrong.
    """
    for rate in task.rates:
        for split in task.splits:
            _check(task, rate, split, faults)
    _same_contents(task, faults)


def _check(task: Task, rate: int, split: Split, faults: Faults) -> None:
    """Look at the recordings of one split at one rate."""
    folder = task.path / str(rate) / split.name
    where = f"{rate}/{split.name}"
    if not folder.is_dir():
        faults.add(f"{where}: is missing")
        return
    headers = {name: _header(folder / name) for name in split.files}
    missing = [name for name, found in headers.items() if found == "is missing"]
    faults.add_for(where, missing, "are in the split's JSON but not there")
    for name, found in headers.items():
        if isinstance(found, str) and found != "is missing":
            faults.add(f"{where}/{name}: {found}")
    good = {name: found for name, found in headers.items() if isinstance(found, Header)}
    other = [f"{name} ({found.rate} Hz)" for name, found in good.items() if found.rate != rate]
    faults.add_for(where, other, f"must have the folder's rate of {rate} Hz")
    wide = [f"{name} ({found.channels})" for name, found in good.items() if found.channels > 1]
    faults.add_for(where, wide, "have several channels, whose mean is taken", fatal=False)
    duration = task.metadata.sample_duration
    if duration is not None:
        odd = [
            f"{name} ({found.frames / found.rate:g} s)"
            for name, found in good.items()
            if abs(found.frames - duration * found.rate) > 1
        ]
        what = f"differ from the metadata's sample_duration of {duration:g} s"
        faults.add_for(where, odd, what, fatal=False)
    _late_events(where, split, good, faults)
    extra = sorted({path.name for path in folder.iterdir()} - set(split.files))
    faults.add_for(where, extra, "are there but not in the split's JSON", fatal=False)


def _late_events(where: str, split: Split, good: dict[str, Header], faults: Faults) -> None:
    late = []
    for name, events in zip(split.files, split.events or (), strict=False):
        if name in good and events:
            end = max(event.end for event in events)
            length = 1000 * good[name].frames / good[name].rate
            if end > length + _LATE_MS:
                late.append(f"{name} (to {end:g} of {length:g} ms)")
    faults.add_for(where, late, "have events that end after the recording", fatal=False)


def _same_contents(task: Task, faults: Faults) -> None:
    """Recordings of different splits that are the same sound under two names."""
    if not task.rates:
        return
    seen: dict[str, tuple[str, str]] = {}
    same = []
    sizes: dict[int, list[tuple[str, str, Path]]] = {}
    for split in task.splits:
        for name in split.files:
            path = task.path / str(task.rates[-1]) / split.name / name
            try:
                sizes.setdefault(path.stat().st_size, []).append((split.name, name, path))
            except OSError:
                continue  # said to be missing
    for found in sizes.values():
        if len({split for split, _, _ in found}) < 2:
            continue
        for split_name, name, path in found:
            other, other_name = seen.setdefault(digest(path), (split_name, name))
            if other != split_name and other_name != name:
                same.append(f"{other}/{other_name} = {split_name}/{name}")
    faults.add_for("audio", same, "are the same recording in two splits", fatal=False)


def check_lengths(source: Source, split: Split, headers: list[Header]) -> str:
    """One line on recordings whose rate is not their folder's; "" if there are none."""
    other = [
        f"{name} ({found.rate} Hz)"
        for name, found in zip(split.files, headers, strict=True)
        if found.rate != source.rate
    ]
    if not other:
        return ""
    return f"{source.rate}/{split.name}: {listed(other)} must have the folder's rate"
