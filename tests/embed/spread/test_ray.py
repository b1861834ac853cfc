"""The command on a Ray of this machine: what one process gives, with a worker that is killed."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from hearkit.cluster import check_address
from hearkit.embed import read
from hearkit.errors import UsageError

from ..conftest import Embed, write_tone

NEEDS = ("ray", "pyarrow")

KILLED_BY_LENGTH = """
import os, signal
numbers = get_scene_embeddings
def get_scene_embeddings(audio, model):
    if audio.shape[1] == 1440:
        os.kill(os.getpid(), signal.SIGKILL)
    return numbers(audio, model)
"""


def test_a_recording_that_kills_workers_is_skipped_and_the_rest_is_as_ever(
    folder: Path, command: Embed, embed: Embed
) -> None:
    for n in range(9):
        write_tone(folder / "in" / "sub" / f"{n}.wav", 0.1 - n / 100, level=(n + 1) / 16)
    (folder / "in" / "text.wav").write_text("no audio")
    assert embed("in", "--out", "alone", "--module", "tiny").returncode == 1
    with (folder / "tiny.py").open("a") as file:
        file.write(KILLED_BY_LENGTH)
    run = ("in", "--out", "out", "--module", "tiny", "--in-process", "--format", "parquet", "--ray")
    with tempfile.TemporaryDirectory(prefix="h", dir="/tmp") as short:  # sockets have short paths
        done = command(*run, env={**os.environ, "TMPDIR": short})
        assert not list(Path(short).glob("hear-ray-*"))
    assert done.stdout == "embedded 8, already there 0, failed 2, in out\n"
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    ended = "hear-embed: a worker on 127.0.0.1 ended: its process is gone; "
    # The second worker was at 1.wav alone, and lost with its part the row of 0.wav.
    assert [line.removeprefix(ended) for line in lines if line.startswith(ended)] == [
        "10 recordings go to others",
        "1 recording goes to others",
    ]
    assert any("in/sub/1.wav: two workers ended while they embedded it" in line for line in lines)
    assert all(line.startswith("hear-embed: ") for line in lines)
    for n in (0, 2, 3, 4, 5, 6, 7, 8):
        row = read(folder / "out", f"sub/{n}.wav")
        alone = read(folder / f"alone/sub/{n}.wav.npz")
        for entry in ("scene_embedding", "timestamp_embeddings", "timestamps", "source"):
            assert np.array_equal(row[entry], alone[entry])


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("recordings", "is no address; it is auto or HOST:PORT"),
        ("a.wav", "is no address"),
        ("ray://host:10001", "run the command on a node of the cluster"),
    ],
)
def test_what_is_no_address_is_one_line(address: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check_address(address)


def test_mistakes_are_one_line_before_anything_is_made(folder: Path, embed: Embed) -> None:
    write_tone(folder / "in" / "a.wav", 0.1)
    for arguments, words in (
        (("--ray", "in"), "--ray in: is no address"),
        (("--ray", "127.0.0.1:9"), "--ray 127.0.0.1:9: there is no Ray that answers (Connection"),
        (("--device", "cuda:1", "--ray"), "with --ray there is a worker for each GPU"),
    ):
        done = embed("in", "--out", "out", "--module", "tiny", *arguments)
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert words in line
