"""The line to a worker: what comes from the other side is not trusted."""

import os
from pathlib import Path

import numpy as np
import pytest

from hearkit.api import wire


@pytest.fixture
def pipe() -> tuple[wire.Incoming, int]:
    reading, writing = os.pipe()
    return wire.Incoming(reading), writing


def test_messages_arrive_whole_however_they_are_cut(pipe: tuple[wire.Incoming, int]) -> None:
    incoming, writing = pipe
    os.write(writing, b'\n{"a": 1}\n\n{"b"')
    assert incoming.lines(1.0) == [b'{"a": 1}']
    assert incoming.lines(0.01) == []
    os.write(writing, b": 2}\n")
    assert incoming.lines(1.0) == [b'{"b": 2}']


def test_the_end_of_the_line_is_seen(pipe: tuple[wire.Incoming, int]) -> None:
    incoming, writing = pipe
    os.close(writing)
    assert incoming.lines(1.0) == []
    assert incoming.ended
    assert incoming.lines(1.0) == []


def test_a_line_without_end_is_forgotten(
    pipe: tuple[wire.Incoming, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    incoming, writing = pipe
    monkeypatch.setattr(wire, "LONGEST_MESSAGE", 1000)
    for _ in range(3):
        os.write(writing, b"x" * 600)
        incoming.lines(1.0)
    os.write(writing, b'\n{"a": 1}\n')
    assert incoming.lines(1.0)[-1] == b'{"a": 1}'


@pytest.mark.parametrize("text", [b"", b"no", b"[1]", b"3", b"[" * 100_000, b"\xff", b'{"a":'])
def test_other_lines_are_no_messages(text: bytes) -> None:
    assert wire.parse(text) is None


def test_an_array_crosses_and_its_file_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "array.npy"
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    wire.write_array(file, array)
    np.testing.assert_array_equal(wire.read_array(file, 10_000), array)
    assert not file.exists()


def test_an_array_is_not_written_through_what_is_already_there(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("kept")
    (tmp_path / "array.npy").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        wire.write_array(tmp_path / "array.npy", np.zeros(3))
    assert (tmp_path / "victim").read_text() == "kept"


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "real.npy", np.zeros(3))
    (tmp_path / "link.npy").symlink_to(tmp_path / "real.npy")
    (tmp_path / "folder.npy").mkdir()
    os.mkfifo(tmp_path / "pipe.npy")
    for name in ("link", "folder", "pipe", "missing"):
        with pytest.raises((OSError, ValueError)):
            wire.read_array(tmp_path / f"{name}.npy", 10_000)


def _archive(path: Path) -> None:
    np.savez(path.with_suffix(".npz"), a=np.zeros(3))
    path.with_suffix(".npz").rename(path)


def _truncated(path: Path) -> None:
    np.save(path, np.zeros(1000))
    path.write_bytes(path.read_bytes()[:-100])


def _claims_too_much(path: Path) -> None:
    np.save(path, np.zeros(1000))
    path.write_bytes(path.read_bytes().replace(b"(1000,)", b"(9" + b"0" * 17 + b",)", 1))


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"junk" * 100),
        lambda path: np.save(path, np.zeros(100_000)),
        lambda path: np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True),
        lambda path: np.save(path, np.array(["text"])),
        _archive,
        _truncated,
        _claims_too_much,
    ],
    ids=["empty", "junk", "large", "pickle", "text", "archive", "truncated", "claims too much"],
)
def test_what_is_no_array_of_numbers_is_refused(make: object, tmp_path: Path) -> None:
    file = tmp_path / "array.npy"
    assert callable(make)
    make(file)
    with pytest.raises((ValueError, OSError)):
        wire.read_array(file, 100_000)
