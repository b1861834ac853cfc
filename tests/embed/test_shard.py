"""Parts of the work: together the whole, the same everywhere, and a word on the others."""

import threading
from pathlib import Path
from typing import cast

import pytest

from hearkit.embed import pipeline
from hearkit.embed.counts import Counts
from hearkit.embed.jobs import Job, find_jobs
from hearkit.embed.model import Embedder
from hearkit.embed.shard import Shard
from hearkit.errors import UsageError

from .conftest import Embed, write_tone
from .test_pipeline import Fake, write_levels

RUN = ("in", "--out", "out", "--module", "tiny")

NAMES = [f"speaker{n % 7}/{n:04}.wav" for n in range(2000)]


def jobs_of(names: list[str]) -> list[Job]:
    return [Job(name, Path("out"), name) for name in names]


@pytest.mark.parametrize("count", [1, 2, 7])
def test_all_shards_together_are_the_whole_and_none_meet(count: int) -> None:
    shards = [Shard(n + 1, count).of_jobs(jobs_of(NAMES)) for n in range(count)]
    assert sorted(job.name for shard in shards for job in shard) == sorted(NAMES)
    fair = len(NAMES) / count
    assert all(abs(len(shard) - fair) < 5 * fair**0.5 for shard in shards)


def test_which_shard_follows_from_the_name_alone() -> None:
    """Pinned: shards of one array may run at different times, with different versions."""
    assert [Shard(1, 2).has(name) for name in NAMES[:8]] == [
        False, True, True, False, True, True, False, False,
    ]  # fmt: skip
    some = Shard(2, 3).of_jobs(jobs_of(NAMES[::2]))
    assert [j.name for j in some] == [
        j.name for j in Shard(2, 3).of_jobs(jobs_of(NAMES)) if j.name in NAMES[::2]
    ]
    assert any(Shard(n, 2).has("caf\udce9.wav") for n in (1, 2))  # a name that is no UTF-8


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0/4", "counted from 1/4 to 4/4"),
        ("5/4", "counted from 1/4 to 4/4"),
        ("1/0", "no such shard"),
        ("2", "write I/N, such as 1/4"),
        ("-1/4", "write I/N"),
        ("1/4/2", "write I/N"),
        ("a/b", "write I/N"),
        ("", "write I/N"),
    ],
)
def test_what_is_no_shard_is_one_line(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Shard.of(text)


def test_shards_of_a_folder_give_what_one_run_gives(folder: Path, embed: Embed) -> None:
    for n in range(6):
        write_tone(folder / "in" / "sub" / f"{n}.wav", 0.1, level=(n + 1) / 8)
    said = [embed(*RUN, "--shard", f"{n}/3") for n in (1, 2, 3)]
    embedded = [int(done.stdout.split()[1].rstrip(",")) for done in said]
    assert sum(embedded) == 6
    for n, (done, mine) in enumerate(zip(said, embedded, strict=True), 1):
        assert done.returncode == 0
        belong = "belongs" if mine == 5 else "belong"
        assert done.stderr == (
            f"hear-embed: shard {n}/3 has {mine} of 6 recordings; "
            f"{6 - mine} {belong} to the other shards\n"
        )
    assert embed(*RUN).stdout.startswith("embedded 0, already there 6, failed 0")


def test_a_shard_without_recordings_is_no_failure(folder: Path, embed: Embed) -> None:
    write_tone(folder / "in" / "a.wav", 0.1)
    said = [embed(*RUN, "--shard", f"{n}/2") for n in (1, 2)]
    assert [done.returncode for done in said] == [0, 0]
    assert sorted(done.stdout for done in said) == [
        "embedded 0, already there 0, failed 0, in out\n",
        "embedded 1, already there 0, failed 0, in out\n",
    ]


def test_a_bad_shard_is_refused_before_anything_is_made(folder: Path, embed: Embed) -> None:
    write_tone(folder / "in" / "a.wav", 0.1)
    done = embed(*RUN, "--shard", "3/2")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("hear-embed: --shard 3/2: there is no such shard")
    assert not (folder / "out").exists()


def test_shards_may_write_into_one_folder_at_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_levels(tmp_path / "in", [800] * 40)
    jobs = find_jobs([tmp_path / "in"], tmp_path / "out")
    begin = threading.Barrier(2)

    def embed_shard(n: int) -> None:
        begin.wait()
        counts[n] = pipeline.run(
            Shard(n, 2).of_jobs(jobs),
            cast(Embedder, Fake()),
            4,
            done=lambda _: None,
            tell=lambda line, _: lines.append(line),
        )

    counts: dict[int, Counts] = {}
    lines: list[str] = []
    threads = [threading.Thread(target=embed_shard, args=(n,)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lines == []
    assert counts[1].embedded + counts[2].embedded == 40
    assert len(list((tmp_path / "out").iterdir())) == 40
