"""Recordings and results at a real S3 server: equal to local ones, resumed, however it breaks."""

import re
import shlex
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec.config
import numpy as np
import pytest
from fsspec.config import set_conf_env

from hearkit.embed import read
from hearkit.remote import store

from ..conftest import AUDIO
from ..object_store import S3, serving
from .conftest import Embed, write_tone

NEEDS = ("s3fs", "moto", "flask", "flask_cors", "pyarrow")

DOCS = Path(__file__).parents[2] / "docs"

TOP, IN, OUT = "s3://bucket", "s3://bucket/in", "s3://bucket/out"
TINY = ("--module", "tiny")
NAMES = ("a.wav", "sub/b.wav", "sub/c.flac")


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    """The server, to which all tests have one connection: making it takes a second."""
    with serving() as found, pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(store, "_STORES", {})
        yield found


@pytest.fixture
def s3(server: S3, folder: Path) -> Iterator[S3]:
    """The server with a bucket, where are the three recordings of the folder `in`."""
    server.direct.call_s3("create_bucket", Bucket="bucket")
    write_tone(folder / "in" / "a.wav", 0.5)
    write_tone(folder / "in" / "sub" / "b.wav", 0.6)
    shutil.copy(AUDIO / "misc_crow.flac", folder / "in" / "sub" / "c.flac")
    for name in NAMES:
        put(server, f"in/{name}", (folder / "in" / name).read_bytes())
    server.proxy.forget()
    yield server
    server.reset()


def put(s3: S3, key: str, contents: bytes, bucket: str = "bucket") -> None:
    s3.direct.call_s3("put_object", Bucket=bucket, Key=key, Body=contents)


def keys(s3: S3, prefix: str) -> list[str]:
    found: list[str] = s3.direct.find(f"bucket/{prefix}")
    return [key.removeprefix(f"bucket/{prefix}/") for key in found]


def test_results_equal_those_of_one_machine_wherever_both_are(s3: S3, embed: Embed) -> None:
    assert embed("in", "--out", "out", *TINY).returncode == 0
    done = embed(IN, "--out", OUT, *TINY)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"embedded 3, already there 0, failed 0, in {OUT}\n"
    assert keys(s3, "out") == [f"{name}.npz" for name in NAMES]
    assert embed(IN, "--out", "fetched", *TINY).returncode == 0
    assert embed("in", "--out", "s3://bucket/sent", *TINY).returncode == 0
    for name in NAMES:
        here = read(f"out/{name}.npz")
        for place in (f"{OUT}/{name}.npz", f"fetched/{name}.npz", f"s3://bucket/sent/{name}.npz"):
            found = read(place)
            assert found.keys() == here.keys()
            for entry in here.keys() - {"source", "made_from"}:  # the key, too
                assert np.array_equal(found[entry], here[entry])
        assert read(f"{OUT}/{name}.npz")["source"] == f"{IN}/{name}"
    # What was copied away is still the same recordings: nothing is embedded again.
    assert embed("in", "--out", "fetched", *TINY).stdout.startswith("embedded 0, already there 3")


def test_a_second_run_fetches_nothing_but_the_ends_of_results(s3: S3, embed: Embed) -> None:
    assert embed(IN, "--out", OUT, *TINY).returncode == 0
    assert s3.proxy.count("GET", "/bucket/in/") == 3  # each recording once
    s3.proxy.forget()
    assert embed(IN, "--out", OUT, *TINY).stdout.startswith("embedded 0, already there 3")
    assert s3.proxy.count("GET", "/bucket/in/") == 0
    assert s3.proxy.count("HEAD") == 1  # what is named: an object or a folder
    assert s3.proxy.count("GET", "list-type") == 3
    assert s3.proxy.count("GET", ".npz") == 3
    assert s3.proxy.count("PUT") == 1  # whether it can be written
    s3.proxy.forget()
    put(s3, "in/a.wav", s3.direct.cat_file("bucket/in/sub/b.wav"))
    assert embed(IN, "--out", OUT, *TINY).stdout.startswith("embedded 1, already there 2")
    assert s3.proxy.count("GET", "/bucket/in/sub") == 0
    duration = read(f"{OUT}/a.wav.npz")["duration"]
    assert duration == pytest.approx(0.6)


def test_rows_in_parquet_at_a_store(s3: S3, folder: Path, embed: Embed) -> None:
    run = (IN, "--out", OUT, "--format", "parquet", *TINY)
    assert embed("in", "--out", "out", *TINY).returncode == 0
    done = embed(*run)
    assert (done.returncode, done.stderr) == (0, "")
    (part,) = keys(s3, "out")  # no lock, no probe
    assert part.startswith("part-")
    for name in NAMES:
        here, found = read(f"out/{name}.npz"), read(OUT, name)
        for entry in here.keys() - {"source", "made_from"}:
            assert np.array_equal(found[entry], here[entry])
    s3.proxy.forget()
    put(s3, "in/a.wav", (folder / "in" / "sub" / "b.wav").read_bytes())
    assert embed(*run).stdout.startswith("embedded 1, already there 2")
    assert s3.proxy.count("GET", "/bucket/in/sub") == 0
    assert len(keys(s3, "out")) == 2
    assert read(OUT, "a.wav")["duration"] == pytest.approx(0.6)
    assert sum(len(s3_rows(s3, f"out/{part}")) for part in keys(s3, "out")) == 3


def s3_rows(s3: S3, key: str) -> list[str]:
    import pyarrow.parquet

    with s3.direct.open(f"bucket/{key}") as file:
        table = pyarrow.parquet.read_table(file, columns=["path"])
    names: list[str] = table.column("path").to_pylist()
    return names


def test_a_run_survives_broken_answers_a_busy_store_and_its_restart(s3: S3, embed: Embed) -> None:
    s3.proxy.cut("/bucket/in/sub/c.flac", 9000)  # in the middle of its contents
    s3.proxy.cut("list-type", 300)
    s3.proxy.busy("/bucket/in/a.wav", 2)
    asked = len(s3.proxy.requests)

    def restart() -> None:
        while s3.proxy.count("GET", "/bucket/in/") < 2:
            stopped.wait(0.01)
        s3.proxy.down()
        stopped.wait(1.0)
        s3.proxy.up()

    stopped = threading.Event()
    server = threading.Thread(target=restart)
    server.start()
    done = embed(IN, "--out", OUT, *TINY)
    stopped.set()
    server.join()
    assert (done.returncode, done.stderr) == (0, "")
    assert len(s3.proxy.requests) > asked + 10
    s3.proxy.forget()
    assert embed("in", "--out", "out", *TINY).returncode == 0
    for name in NAMES:
        here, found = read(f"out/{name}.npz"), read(f"{OUT}/{name}.npz")
        assert str(here["fingerprint"]) == str(found["fingerprint"])
        assert np.array_equal(here["timestamp_embeddings"], found["timestamp_embeddings"])


def test_a_recording_that_cannot_be_read_fails_alone(
    s3: S3, embed: Embed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_PATIENCE_S", 0.5)
    s3.proxy.cut("/bucket/in/sub/c.flac", 9000, times=1000)
    put(s3, "in/d.wav", b"no sound at all")
    done = embed(IN, "--out", OUT, *TINY)
    assert done.returncode == 1
    assert done.stdout.startswith("embedded 2, already there 0, failed 2")
    text, broken = sorted(done.stderr.splitlines())
    assert text.startswith(f"hear-embed: {IN}/d.wav: cannot be read as audio (it is text)")
    assert broken.startswith(f"hear-embed: {IN}/sub/c.flac: the store does not answer, or not to")
    assert broken.endswith("; skipped")
    assert keys(s3, "out") == ["a.wav.npz", "sub/b.wav.npz"]


def test_shards_of_a_folder_that_is_an_object_too_are_the_whole(s3: S3, embed: Embed) -> None:
    put(s3, "in", s3.direct.cat_file("bucket/in/a.wav"))
    n_embedded = 0
    for shard in ("1/2", "2/2"):
        done = embed(IN, "--out", OUT, "--shard", shard, *TINY)
        counts = re.match(r"embedded ([123]), already there 0, failed 0,", done.stdout)
        assert counts is not None, done
        n_embedded += int(counts[1])
    assert n_embedded == 4
    assert keys(s3, "out") == [f"{name}.npz" for name in ("a.wav", "in", "sub/b.wav", "sub/c.flac")]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("s3://nobucket", "--out", "out"), "s3://nobucket: there is no such bucket"),
        (("s3://nobucket/in", "--out", "out"), "s3://nobucket/in: there is no such bucket"),
        (("s3://bucket/gone", "--out", "out"), "s3://bucket/gone: there is no such object or"),
        (("in", "--out", "s3://nobucket/out"), "s3://nobucket/out: cannot be written (there is no"),
        (("--manifest", f"{IN}/no.csv", "--out", "out"), f"{IN}/no.csv: there is no such object"),
    ],
)
def test_what_is_not_there_ends_the_command_with_a_line(
    s3: S3, embed: Embed, arguments: tuple[str, ...], line: str
) -> None:
    done = embed(*arguments, *TINY)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"hear-embed: {line}")
    assert len(done.stderr.splitlines()) == 1
    assert not s3.direct.exists("bucket/out")


def test_wrong_credentials_end_the_command_with_a_line(s3: S3, embed: Embed) -> None:
    with s3.with_keys_checked():
        for arguments in ((IN, "--out", "out"), ("in", "--out", OUT), (TOP, "--out", "out")):
            done = embed(*arguments, *TINY)
            assert (done.returncode, done.stdout) == (2, "")
            (line,) = done.stderr.splitlines()
            assert "the store does not accept the credentials (The AWS Access Key Id" in line


def test_the_page_on_stores_does_what_it_says(s3: S3, folder: Path, embed: Embed) -> None:
    s3.direct.call_s3("create_bucket", Bucket="my-bucket")
    bell = (folder / "in" / "a.wav").read_bytes()
    put(s3, "recordings/bell.wav", bell, "my-bucket")
    put(s3, "bell.wav", bell, "my-bucket")
    put(s3, "list.csv", b"path\nrecordings/bell.wav\n", "my-bucket")
    (folder / "in").rename("recordings")
    page = (DOCS / "stores.md").read_text("utf-8")
    commands = re.findall(r"^hear-embed .+|(?<=`)hear-embed [^`]+", page, re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        done = embed(*shlex.split(command)[1:], *TINY)
        assert (done.returncode, done.stderr) == (0, ""), command
    (code,) = re.findall(r"^```python\n(.+?)^```", page, re.DOTALL | re.MULTILINE)
    found: dict[str, Any] = {}
    exec(compile(code, "stores.md", "exec"), found)
    assert found["scene"].shape == (2,)


def test_without_credentials_only_who_says_so_reads(
    s3: S3, embed: Embed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    a = s3.direct.cat_file("bucket/in/a.wav")
    s3.direct.call_s3("put_object", Bucket="bucket", Key="a.wav", Body=a, ACL="public-read")
    run = ("s3://bucket/a.wav", "--out", "public", *TINY)
    monkeypatch.setattr(store, "_STORES", {})
    done = embed(*run)
    assert done.returncode == 2
    assert "does not accept the credentials (Unable to locate credentials)" in done.stderr
    monkeypatch.setenv("FSSPEC_S3_ANON", "true")
    configured: dict[str, Any] = {}
    set_conf_env(configured)  # as when fsspec is imported
    monkeypatch.setitem(fsspec.config.conf, "s3", configured["s3"])
    monkeypatch.setattr(store, "_STORES", {})
    assert embed(*run).returncode == 0


def test_a_table_at_a_store_lists_recordings_here_and_there(
    s3: S3, folder: Path, embed: Embed
) -> None:
    lines = ("path", "sub/b.wav", f"{IN}/a.wav", (folder / "in/a.wav").as_uri(), "gone.wav")
    put(s3, "in/list.csv", "\n".join(lines).encode())
    done = embed("--manifest", f"{IN}/list.csv", "--out", "out", *TINY)
    assert done.returncode == 1
    assert done.stdout.startswith("embedded 3, already there 0, failed 1")
    assert done.stderr == f"hear-embed: {IN}/gone.wav: there is no such object or folder; skipped\n"
    here = str(folder / "in" / "a.wav")[1:]
    for name in ("sub/b.wav", "a.wav", here):
        assert (folder / "out" / f"{name}.npz").is_file()
