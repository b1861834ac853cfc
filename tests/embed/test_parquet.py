"""Results in Parquet: typed, complete or absent, resumed, replaced, never twice."""

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import soundfile

from hearkit.embed import pipeline, read
from hearkit.embed.counts import Counts
from hearkit.embed.jobs import find_jobs
from hearkit.embed.model import Embedder
from hearkit.embed.origin import state_of
from hearkit.embed.parquet import folder as parts
from hearkit.embed.parquet.folder import ParquetParts
from hearkit.embed.parquet.part import Part
from hearkit.errors import OutputError, UsageError

from ..needs import require
from .conftest import Embed, write_tone
from .test_pipeline import Fake, write_levels

NEEDS = ("pyarrow", "pandas")

RUN = ("in", "--out", "out", "--module", "tiny", "--format", "parquet")


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """Six sounds of two lengths, below a folder."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    write_levels(tmp_path / "in" / "sub", [800, 900] * 3)
    return tmp_path / "in"


def embed_all(
    sounds: Path, embedder: Fake | None = None, kept: Callable[[Path], ParquetParts] = ParquetParts
) -> tuple[Counts, list[str]]:
    out = sounds.parent / "out"
    out.mkdir(exist_ok=True)
    lines: list[str] = []
    counts = pipeline.run(
        find_jobs([sounds], out),
        cast(Embedder, embedder or Fake()),
        2,
        done=lambda _: None,
        tell=lambda line, _: lines.append(line),
        results=kept(out),
    )
    return counts, lines


def table(sounds: Path) -> pd.DataFrame:
    """All rows as a user of pandas gets them, by path."""
    return pd.read_parquet(sounds.parent / "out").set_index("path").sort_index()


def parts_of(sounds: Path) -> list[Path]:
    return sorted((sounds.parent / "out").glob("*.parquet"))


def test_columns_are_typed_and_have_what_a_file_each_has(folder: Path, embed: Embed) -> None:
    write_tone(folder / "in" / "sub" / "a.wav", 0.1)
    write_tone(folder / "in" / "b.wav", 0.2, level=0.1)
    assert embed(*RUN).stdout == "embedded 2, already there 0, failed 0, in out\n"
    assert embed("in", "--out", "npz", "--module", "tiny").returncode == 0
    (part,) = (folder / "out").glob("[!.]*")
    schema = pq.read_schema(part)
    kinds = {field.name: str(field.type) for field in schema}
    assert kinds == {
        "path": "string",
        "scene_embedding": "fixed_size_list<element: float>[2]",
        "timestamps": "list<element: float>",
        "timestamp_embeddings": "list<element: fixed_size_list<element: float>[2]>",
        "source": "string",
        "duration": "double",
        "sample_rate": "int64",
        "module": "string",
        "weights": "string",
        "version": "string",
        "fingerprint": "string",
        "made_from": "string",
    }
    for name in ("sub/a.wav", "b.wav"):
        for place in (part, part.parent):
            row, file = read(place, name), read(folder / "npz" / f"{name}.npz")
            assert row.keys() == file.keys()
            for entry, value in file.items():
                assert row[entry].dtype.kind == value.dtype.kind
                assert np.array_equal(row[entry], value), entry


def test_reading_says_what_is_missing(sounds: Path) -> None:
    embed_all(sounds)
    out = sounds.parent / "out"
    with pytest.raises(KeyError, match=r"no result of 'gone\.wav'"):
        read(out, "gone.wav")
    with pytest.raises(ValueError, match="name the recording"):
        read(out)
    (part,) = parts_of(sounds)
    part.write_bytes(part.read_bytes()[:-9])
    with pytest.raises(ValueError, match="is no complete part of hear-embed"):
        read(out, "sub/00.wav")
    with pytest.raises(FileNotFoundError):
        read(out / "part-gone.parquet", "sub/00.wav")


def test_what_is_there_is_not_embedded_again(sounds: Path) -> None:
    assert embed_all(sounds)[0].embedded == 6
    before = parts_of(sounds)
    embedder = Fake()
    counts, lines = embed_all(sounds, embedder)
    assert (counts.embedded, counts.current, counts.failed, lines) == (0, 6, 0, [])
    assert embedder.batches == []
    assert parts_of(sounds) == before


def test_a_recording_that_changed_replaces_its_row(sounds: Path) -> None:
    embed_all(sounds)
    soundfile.write(sounds / "sub" / "03.wav", np.full(800, 0.75), 16000)
    soundfile.write(sounds / "new.wav", np.full(800, 0.25), 16000)
    counts, _ = embed_all(sounds)
    assert (counts.embedded, counts.current) == (2, 5)
    rows = table(sounds)
    assert list(rows.index) == ["new.wav", *(f"sub/{n:02}.wav" for n in range(6))]
    assert rows.scene_embedding["sub/03.wav"].tolist() == [0.75]
    assert rows.scene_embedding["sub/04.wav"].tolist() == [5 / 64]
    assert sorted(pq.read_metadata(part).num_rows for part in parts_of(sounds)) == [2, 5]


def test_a_part_whose_rows_are_all_replaced_is_gone(sounds: Path) -> None:
    embed_all(sounds)
    (before,) = parts_of(sounds)

    class Other(Fake):
        key = "other"

    assert embed_all(sounds, Other())[0].embedded == 6
    (after,) = parts_of(sounds)
    assert after != before
    assert len(table(sounds)) == 6


def test_recordings_that_moved_are_current_and_noted(sounds: Path) -> None:
    embed_all(sounds)
    for path in sorted(sounds.rglob("*.wav")):
        path.touch()
    assert embed_all(sounds)[0].current == 6
    states = {json.loads(made_from)[2] for made_from in table(sounds).made_from}
    assert states == {state_of(path) for path in sounds.rglob("*.wav")}


def test_parts_are_completed_on_the_way_and_rows_are_told(
    sounds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_PART_ROWS", 2)
    embed_all(sounds)
    assert [pq.read_metadata(part).num_rows for part in parts_of(sounds)] == [2, 2, 2]
    assert len(table(sounds)) == 6


def test_what_ends_a_run_leaves_complete_parts_only(
    sounds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_PART_ROWS", 2)

    class Interrupted(Fake):
        def embed(self, batch: Any) -> Any:
            if len(self.batches) == 2:
                raise KeyboardInterrupt
            return super().embed(batch)

    with pytest.raises(KeyboardInterrupt):
        embed_all(sounds, Interrupted())
    assert len(table(sounds)) == 4
    counts, _ = embed_all(sounds)
    assert (counts.embedded, counts.current) == (2, 4)
    assert len(table(sounds)) == 6


def test_a_run_that_is_killed_leaves_nothing_of_its_part(sounds: Path) -> None:
    class Killed(ParquetParts):
        def finish(self) -> list[Any]:
            assert self._part is not None
            assert parts_of(sounds) == []
            self._part.abandon()  # what the kernel does with a file without a name
            return []

    embed_all(sounds, kept=Killed)
    assert [path.name for path in (sounds.parent / "out").glob("[!.]*")] == []
    assert embed_all(sounds)[0].embedded == 6


def test_two_runs_at_once_leave_no_row_twice(sounds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_PART_ROWS", 2)
    begin = threading.Barrier(2)

    class Together(ParquetParts):
        def begin(self, jobs: Any) -> None:
            super().begin(jobs)
            begin.wait()

    counts: list[Counts] = []

    def run() -> None:
        counts.append(embed_all(sounds, kept=Together)[0])

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.embedded for one in counts] == [6, 6]
    assert sorted(pd.read_parquet(sounds.parent / "out").path) == [
        f"sub/{n:02}.wav" for n in range(6)
    ]


def test_the_row_of_another_recording_stays(folder: Path, embed: Embed) -> None:
    for level, speaker in enumerate(("one", "two"), 1):
        write_tone(folder / speaker / "001.wav", 0.1, level=level / 10)
    run = RUN[1:]
    assert embed("one", *run).returncode == 0
    before = read(folder / "out", "001.wav")
    done = embed("two", *run)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"is the result of another recording, {folder}/one/001.wav" in line
    assert np.array_equal(read(folder / "out", "001.wav")["made_from"], before["made_from"])


def test_of_two_recordings_for_one_row_the_first_stays(tmp_path: Path) -> None:
    """Both runs begin before either has written."""
    out = tmp_path / "out"
    out.mkdir()
    kept = [ParquetParts(out), ParquetParts(out)]
    counts, lines = [], []
    for number, results in enumerate(kept):
        (tmp_path / str(number)).mkdir()
        write_levels(tmp_path / str(number), [800 + number])
        results.begin([])
    for number, results in enumerate(kept):
        monkey = cast(Any, results)
        monkey.begin = lambda _: None
        counts.append(
            pipeline.run(
                find_jobs([tmp_path / str(number)], out),
                cast(Embedder, Fake()),
                1,
                done=lambda _: None,
                tell=lambda line, _: lines.append(line),
                results=results,
            )
        )
    assert [str(one) for one in counts] == [
        "embedded 1, already there 0, failed 0",
        "embedded 0, already there 0, failed 1",
    ]
    (line,) = lines
    assert "00.wav is the result of another recording" in line
    assert str(read(out, "00.wav")["source"]) == str(tmp_path / "0" / "00.wav")


def test_embeddings_of_another_size_are_refused(sounds: Path) -> None:
    class Wide(Fake):
        key = "wide"

        def embed(self, batch: Any) -> Any:
            made = super().embed(batch)
            return [
                type(one)(
                    np.repeat(one.scene_embedding, 2), one.timestamp_embeddings, one.timestamps
                )
                for one in made
            ]

    embed_all(sounds)
    with pytest.raises(OutputError, match="has embeddings of 1 and 1 numbers, and these have 2"):
        embed_all(sounds, Wide())
    assert len(table(sounds)) == 6


def test_a_damaged_part_and_a_foreign_one_are_refused(sounds: Path) -> None:
    embed_all(sounds)
    (part,) = parts_of(sounds)
    whole = part.read_bytes()
    part.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match=r"is damaged .*; remove it, and the same command embeds"):
        embed_all(sounds)
    pd.DataFrame({"path": ["a"]}).to_parquet(part)
    with pytest.raises(UsageError, match="was not written by hear-embed; choose another --out"):
        embed_all(sounds)


def test_a_full_disk_ends_the_run_and_leaves_complete_parts(
    sounds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_PART_ROWS", 2)
    complete = Part.complete
    done: list[Part] = []

    def full(self: Part) -> None:
        if done:
            raise OSError(28, "No space left on device")
        complete(self)
        done.append(self)

    monkeypatch.setattr(Part, "complete", full)
    with pytest.raises(OutputError, match=r"a part cannot be written \(No space left on device\)"):
        embed_all(sounds)
    assert len(table(sounds)) == 2
    monkeypatch.setattr(Part, "complete", complete)
    assert embed_all(sounds)[0].embedded == 4


def test_names_that_are_no_utf_8_have_rows(sounds: Path) -> None:
    (sounds / "sub" / "00.wav").rename(sounds / "caf\udce9.wav")
    embed_all(sounds)
    assert "caf\\xe9.wav" in table(sounds).index
    assert embed_all(sounds)[0].current == 6
    assert read(sounds.parent / "out", "caf\udce9.wav")["scene_embedding"] == [1 / 64]


def test_duckdb_and_polars_read_the_parts(sounds: Path) -> None:
    require("duckdb", "polars")
    import duckdb
    import polars

    embed_all(sounds)
    files = str(sounds.parent / "out" / "*.parquet")
    query = f"select path, scene_embedding[1], len(timestamp_embeddings) from '{files}'"
    found = duckdb.execute(f"{query} order by path").fetchall()
    assert found == [(f"sub/{n:02}.wav", (n + 1) / 64, 1) for n in range(6)]
    frame = polars.read_parquet(files).sort("path")
    assert frame["scene_embedding"].to_list() == [[(n + 1) / 64] for n in range(6)]
    assert frame["timestamps"].to_list() == [[0.0]] * 6


def test_without_pyarrow_the_option_says_what_to_install(
    folder: Path, embed: Embed, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tone(folder / "in" / "a.wav", 0.1)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = embed(*RUN)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line == (
        'hear-embed: --format parquet needs pyarrow: pip install "hearbaseline[parquet]"'
    )
