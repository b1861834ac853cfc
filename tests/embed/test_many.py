"""A hundred thousand recordings, most of which have a result: what the rest of the run costs."""

from pathlib import Path
from typing import cast
from unittest.mock import Mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hearkit import audio
from hearkit.audio import Sound
from hearkit.embed import pipeline, standing
from hearkit.embed.manifest import find_listed
from hearkit.embed.model import Embedder
from hearkit.embed.origin import Origin, contents_of, state_of
from hearkit.embed.parquet.folder import ParquetParts
from hearkit.embed.parquet.rows import Sizes, made_from_text, schema_of
from hearkit.embed.shard import Shard

from .test_pipeline import Fake, write_levels

NEEDS = ("pyarrow",)

N_FOLDERS, N_FILES = 1000, 100


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A table of 100,000 paths; folders are links to one, so that it takes no time to make them."""
    (tmp_path / "kept").mkdir()
    write_levels(tmp_path / "kept", [80] * N_FILES)
    for folder in range(N_FOLDERS):
        (tmp_path / f"{folder:03}").symlink_to("kept")
    paths = (f"{folder:03}/{n:02}.wav" for folder in range(N_FOLDERS) for n in range(N_FILES))
    (tmp_path / "list.csv").write_text("\n".join(("path", *paths)))
    return tmp_path / "list.csv"


def write_results(out: Path, kept: Path, names: list[str]) -> None:
    """A part with results of all these, as the fake embedder's."""
    made = {}
    for path in kept.iterdir():
        made_of = Origin.of(Fake.key, contents_of(path), path, state_of(path))
        entry = made_from_text(made_of.entries()["made_from"])
        made[path.name] = {"fingerprint": made_of.fingerprint, "made_from": entry}
    n = len(names)
    columns = []
    for field in schema_of(Sizes(1, 1)):
        if field.name == "path":
            columns.append(pa.array(names))
        elif field.name in ("fingerprint", "made_from"):
            columns.append(pa.array([made[name[-6:]][field.name] for name in names]))
        elif field.name == "scene_embedding":
            numbers = pa.array(np.zeros(n, np.float32))
            columns.append(pa.FixedSizeListArray.from_arrays(numbers, 1))
        else:
            columns.append(pa.nulls(n, field.type))
    table = pa.Table.from_arrays(columns, schema=schema_of(Sizes(1, 1)))
    pq.write_table(table, out / "part-made.parquet", write_page_checksum=True)


def test_of_a_hundred_thousand_entries_only_what_is_left_is_read(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenth of them is looked at, as a shard: all of them would take ten times as long."""
    out = tmp_path / "out"
    out.mkdir()
    jobs = find_listed(manifest, "path", out)
    assert len(jobs) == len({job.name for job in jobs}) == N_FOLDERS * N_FILES
    before = pa.total_allocated_bytes()
    mine = Shard.of("3/10").of_jobs(jobs)
    left = {job.name for job in mine[::200]}
    write_results(out, tmp_path / "kept", [job.name for job in jobs if job.name not in left])
    results = ParquetParts(out)
    read: list[Path] = []
    load = audio.load

    def counted(path: Path, sample_rate: int) -> Sound:
        read.append(path)
        return load(path, sample_rate)

    monkeypatch.setattr(audio, "load", counted)
    hashed = Mock(side_effect=contents_of)
    monkeypatch.setattr(standing, "contents_of", hashed)
    counts = pipeline.run(
        mine, cast(Embedder, Fake()), 16, done=lambda _: None, tell=print, results=results
    )
    assert pa.total_allocated_bytes() - before < 600 * len(jobs)
    assert str(counts) == f"embedded {len(left)}, already there {len(mine) - len(left)}, failed 0"
    assert len(read) == len(left) < 60
    assert not hashed.called  # size and times tell, and no other file is opened
    assert len(list(out.glob("*.parquet"))) == 2
