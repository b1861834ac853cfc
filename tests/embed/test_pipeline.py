"""From jobs to files: what shares a batch, how far is read ahead, what a fault touches."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast
from unittest.mock import Mock

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from hearkit import audio
from hearkit.embed import archive, batching, pipeline, read, reading, standing
from hearkit.embed.batching import Batches, Waiting
from hearkit.embed.counts import Follow
from hearkit.embed.jobs import Job, find_jobs
from hearkit.embed.key import Later
from hearkit.embed.model import Embedded, Embedder
from hearkit.embed.pipeline import Counts, embed_jobs
from hearkit.embed.results import NpzFiles
from hearkit.embed.spent import Spent
from hearkit.errors import HearError, SubmissionError


class Fake:
    """An embedder that remembers its batches; level 0 is what it cannot embed."""

    name, weights, sample_rate = "fake", "", 16000
    key = "key"
    later: tuple[Later, ...] = ()

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def place_now(self, later: Later) -> str:
        return later.place

    def embed(self, batch: list[NDArray[np.float32]]) -> list[Embedded]:
        if any(not sound.any() for sound in batch):
            raise SubmissionError("fake.get_scene_embeddings failed: silence")
        self.batches.append([len(sound) for sound in batch])
        levels = [sound[:1] for sound in batch]
        return [Embedded(level, level[None], np.zeros(1, np.float32)) for level in levels]


def embed_all(folder: Path, embedder: Fake, batch_size: int = 16) -> tuple[Counts, list[str]]:
    lines: list[str] = []

    def tell(line: str, _: HearError | None) -> None:
        lines.append(line)

    jobs = find_jobs([folder], folder / "out")
    done: list[int] = []
    counts = pipeline.run(jobs, cast(Embedder, embedder), batch_size, done=done.append, tell=tell)
    assert sum(done) == len(jobs)
    return counts, lines


def write_levels(folder: Path, lengths: Iterable[int], level: float | None = None) -> None:
    """Constant sounds, each at a level of its own unless one is given."""
    for n, length in enumerate(lengths):
        samples = np.full(length, (n + 1) / 64 if level is None else level)
        soundfile.write(folder / f"{n:02}.wav", samples, 16000)


def test_equal_lengths_share_batches_though_they_are_no_neighbours(tmp_path: Path) -> None:
    write_levels(tmp_path, [800, 900, 1000] * 4)
    embedder = Fake()
    counts, lines = embed_all(tmp_path, embedder, 4)
    assert embedder.batches == [[800] * 4, [900] * 4, [1000] * 4]
    assert (counts.embedded, lines) == (12, [])
    for n in range(12):
        found = read(tmp_path / "out" / f"{n:02}.wav.npz")
        assert found["scene_embedding"] == [(n + 1) / 64]
        assert str(found["source"]).endswith(f"{n:02}.wav")


def test_a_batch_is_no_longer_than_its_memory_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_levels(tmp_path, [800] * 7)
    monkeypatch.setattr(batching, "BATCH_S", 0.16)  # of 0.05 s each
    embedder = Fake()
    embed_all(tmp_path, embedder)
    assert [len(batch) for batch in embedder.batches] == [3, 3, 1]
    monkeypatch.setattr(batching, "BATCH_S", 0.01)
    (tmp_path / "out" / "03.wav.npz").unlink()
    embed_all(tmp_path, embedder)
    assert embedder.batches[3:] == [[800]]


def test_sounds_that_wait_for_others_of_their_length_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_levels(tmp_path, [800, 801, 802, 803, 800])
    monkeypatch.setattr(batching, "WAITING_S", 0.12)  # two of them
    embedder = Fake()
    embed_all(tmp_path, embedder)
    assert embedder.batches == [[800], [801], [802], [803], [800]]


@pytest.mark.parametrize(("count", "seconds"), [(3, 1e9), (64, 0.16)])
def test_reading_ahead_is_bounded_in_number_and_in_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, seconds: float
) -> None:
    write_levels(tmp_path, [800] * 20)
    monkeypatch.setattr(reading, "_AHEAD", count)
    monkeypatch.setattr(reading, "_AHEAD_S", seconds)
    asked, ahead = 0, []
    announced_s = audio.announced_s

    def counted(path: Path) -> float:  # asked once for each sound, before it is read
        nonlocal asked
        asked += 1
        return announced_s(path)

    class Counting(Fake):
        def embed(self, batch: list[NDArray[np.float32]]) -> list[Embedded]:
            ahead.append(asked - len(self.batches))
            return super().embed(batch)

    monkeypatch.setattr(audio, "announced_s", counted)
    embed_all(tmp_path, Counting(), 1)
    assert len(ahead) == 20
    assert max(ahead) == 4  # three ahead, and the one that is embedded


def test_in_a_batch_that_fails_only_the_sound_at_fault_fails(tmp_path: Path) -> None:
    write_levels(tmp_path, [800] * 3)
    soundfile.write(tmp_path / "01.wav", np.zeros(800), 16000)
    counts, lines = embed_all(tmp_path, Fake())
    assert str(counts) == "embedded 2, already there 0, failed 1"
    assert lines == [f"{tmp_path / '01.wav'}: fake.get_scene_embeddings failed: silence"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["00.wav.npz", "02.wav.npz"]


def test_audio_that_changes_while_it_is_embedded_is_made_again(tmp_path: Path) -> None:
    write_levels(tmp_path, [800])

    class Changing(Fake):
        def embed(self, batch: list[NDArray[np.float32]]) -> list[Embedded]:
            write_levels(tmp_path, [800], level=0.5)
            return super().embed(batch)

    embed_all(tmp_path, Changing())
    again, _ = embed_all(tmp_path, Fake())
    assert again.embedded == 1
    assert read(tmp_path / "out" / "00.wav.npz")["scene_embedding"] == [0.5]


def test_audio_that_vanishes_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_levels(tmp_path, [800] * 3)
    look = archive.look

    def vanishing(path: Path) -> archive.Found:
        (tmp_path / "01.wav").unlink(missing_ok=True)
        return look(path)

    monkeypatch.setattr(archive, "look", vanishing)
    counts, (line,) = embed_all(tmp_path, Fake())
    assert (counts.embedded, counts.failed) == (2, 1)
    assert "01.wav: there is no such file" in line


def test_two_runs_on_one_folder_at_once_both_end_well(tmp_path: Path) -> None:
    write_levels(tmp_path, [800] * 40)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: embed_all(tmp_path, Fake(), 1), range(2)))
    for counts, lines in runs:
        assert (counts.embedded + counts.current, counts.failed, lines) == (40, 0, [])
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [f"{n:02}.wav.npz" for n in range(40)]
    assert all(archive.is_whole(tmp_path / "out" / name) for name in names)
    assert embed_all(tmp_path, Fake())[0].current == 40


def test_what_was_seen_before_the_model_was_known_is_not_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_levels(tmp_path, [800] * 3)
    embed_all(tmp_path, Fake())
    (tmp_path / "out" / "01.wav.npz").unlink()
    jobs = find_jobs([tmp_path], tmp_path / "out")
    with standing.looking(jobs) as looked:
        seen = list(looked)
    monkeypatch.setattr(archive, "look", Mock(side_effect=AssertionError))
    tell_standing = standing.standing_of(Fake.key, Fake().place_now)
    found = [tell_standing(job, one).is_current for job, one in zip(jobs, seen, strict=True)]
    assert found == [True, False, True]


def test_looks_are_bounded_and_stay_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [Job(str(tmp_path / f"{n}.wav"), tmp_path, f"{n}.wav") for n in range(40)]
    looked = []

    def look(path: Path) -> archive.Found:
        looked.append(path)
        return archive.Found(foreign=path.name)

    monkeypatch.setattr(archive, "look", look)
    monkeypatch.setattr(standing, "_MOST_LOOKED_AT", 6)
    with standing.looking(jobs) as seen:
        first = next(seen)
        assert len(looked) <= 8  # six, and the two that follow the first two
        found = [first, *seen]
    assert [one.found.foreign for one in found] == [job.output.name for job in jobs]


def test_a_sound_that_was_cut_is_said(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 64000)
    path = tmp_path / "a.wav"
    soundfile.write(path, noise, 16000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    counts, (line,) = embed_all(tmp_path, Fake())
    assert counts.embedded == 1
    assert "a.wav: cut short or damaged, holds 2.00 of the 4.00 s" in line


def test_calls_that_overlap_share_batches(tmp_path: Path) -> None:
    """Each reads two lengths, and both together fill a batch of each."""
    folders = [tmp_path / name for name in ("one", "other")]
    added: list[Waiting] = []

    class Seen(Batches):
        def add(self, waiting: Waiting) -> None:
            super().add(waiting)
            added.append(waiting)

        @property
        def is_ready(self) -> bool:
            # Else one that fills a batch with its first sound waits for its turn before the second.
            return len(added) == 4 and super().is_ready

    batches, embedder = Seen(2), Fake()
    written: dict[str, list[str]] = {folder.name: [] for folder in folders}

    def call(folder: Path) -> None:
        jobs = find_jobs([folder], tmp_path / "out" / folder.name)
        with ThreadPoolExecutor(2) as readers:
            embed_jobs(
                jobs,
                cast(Embedder, embedder),
                batches,
                NpzFiles(),
                readers,
                Follow(
                    lambda job, error: pytest.fail(f"{job.name}: {error}"),
                    lambda job, _: written[folder.name].append(job.name),
                    lambda line, _: pytest.fail(line),
                    Spent(),
                ),
            )

    for folder, lengths in zip(folders, ([800, 900], [900, 800]), strict=True):
        folder.mkdir()
        write_levels(folder, lengths)
    with ThreadPoolExecutor(2) as threads:
        with batches.turn:  # nothing is embedded before all have been read
            calls = [threads.submit(call, folder) for folder in folders]
            while len(added) < 4 and not any(one.done() for one in calls):
                time.sleep(0.01)
        for one in calls:
            one.result()
    assert sorted(embedder.batches) == [[800, 800], [900, 900]]
    assert {name: sorted(names) for name, names in written.items()} == {
        folder.name: ["00.wav", "01.wav"] for folder in folders
    }
    for folder in folders:
        for n in range(2):
            found = read(tmp_path / "out" / folder.name / f"{n:02}.wav.npz")
            assert found["scene_embedding"] == [(n + 1) / 64]
