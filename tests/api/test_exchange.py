"""Arrays in files: what comes from the other side is not trusted."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hearkit import machine
from hearkit.api import exchange
from hearkit.api.exchange import Exchange, read_array, write_array


def test_an_array_crosses_and_its_file_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "array.npy"
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    write_array(file, array)
    np.testing.assert_array_equal(read_array(file, 10_000), array)
    assert not file.exists()


def test_an_array_is_not_written_through_what_is_already_there(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("kept")
    (tmp_path / "array.npy").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        write_array(tmp_path / "array.npy", np.zeros(3))
    assert (tmp_path / "victim").read_text() == "kept"


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "real.npy", np.zeros(3))
    (tmp_path / "link.npy").symlink_to(tmp_path / "real.npy")
    (tmp_path / "folder.npy").mkdir()
    os.mkfifo(tmp_path / "pipe.npy")
    for name in ("link", "folder", "pipe", "missing"):
        with pytest.raises((OSError, ValueError)):
            read_array(tmp_path / f"{name}.npy", 10_000)


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
        read_array(file, 100_000)


def test_arrays_go_to_the_first_folder_with_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / "fast", tmp_path / "slow"]
    for folder in folders:
        folder.mkdir()
    exchange = Exchange(folders)
    array = np.zeros(1000)
    room = {folders[0]: 1_000_000, folders[1]: 0}
    monkeypatch.setattr(machine, "free_bytes", room.__getitem__)
    assert exchange.path(exchange.write("a.npy", array)).parent == folders[0]
    room[folders[0]] = 10_000
    assert exchange.path(exchange.write("b.npy", array)).parent == folders[1]
    exchange.close()
    assert not any(folder.exists() for folder in folders)


@pytest.mark.parametrize(
    "reference", ["", "2/a", "-1/a", "0", "0/", "0/..", "0/../a", "0//etc/passwd", "x/a"]
)
def test_a_reference_leads_nowhere_else(reference: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no array of this exchange"):
        Exchange([tmp_path, tmp_path]).path(reference)


def test_folders_of_killed_processes_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(machine, "_SHARED_MEMORY", Path("/no/such/folder"))
    used = f"hear-worker-{os.getpid()}-used"
    for name in ("hear-worker-999999999-left", used, "hear-worker-odd"):
        (tmp_path / name).mkdir()
    exchange = Exchange.open()
    left = {path.name for path in tmp_path.iterdir()} - {f.name for f in exchange.folders}
    assert left == {used, "hear-worker-odd"}
    exchange.close()


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    found = [tmp_path / "first", tmp_path / "second"]
    for folder in found:
        folder.mkdir()
    return found


@pytest.fixture
def ours(folders: list[Path]) -> Iterator[Exchange]:
    exchange = Exchange(folders)
    yield exchange
    exchange.close()


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_file_is_used_again_by_smaller_and_larger_arrays(
    folders: list[Path], ours: Exchange, order: str
) -> None:
    theirs = Exchange(folders)
    for rows in (3, 2, 4):
        array = np.asarray(np.random.default_rng(rows).random((rows, 5)), order=order)  # type: ignore[call-overload]
        reference = ours.write("audio", array)
        assert np.array_equal(theirs.view(reference), array)
        assert np.array_equal(read_array(theirs.path(reference), 10_000), array)
        ours.done(reference)
    assert [path.name for path in folders[0].iterdir()] == ["kept-audio.npy"]


def test_what_the_other_side_does_to_a_view_stays_there(ours: Exchange) -> None:
    reference = ours.write("audio", np.zeros(3))
    ours.view(reference)[:] = 1
    assert np.array_equal(ours.view(reference), np.zeros(3))


def test_a_large_array_leaves_no_file(
    folders: list[Path], ours: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "_MOST_KEPT", 99 * 8 - 1)
    for finish in (ours.done, lambda reference: read_array(ours.path(reference), 10_000)):
        finish(ours.write("audio", np.zeros(99)))
        assert list(folders[0].iterdir()) == []


def test_the_view_of_a_large_array_outlives_its_file(
    folders: list[Path], ours: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = ours.write("audio", np.zeros(3))
    monkeypatch.setattr(exchange, "_MOST_KEPT", 99 * 8 - 1)
    large = ours.write("audio", np.arange(99))
    view = ours.view(large)
    assert [path.name for path in folders[0].iterdir()] == ["kept-audio.npy"]
    ours.write("audio", np.ones(99))
    assert np.array_equal(view, np.arange(99))
    assert (ours.stays(small), ours.stays(large)) == (False, True)


def test_only_an_array_that_cannot_change_is_written_once(
    folders: list[Path], ours: Exchange
) -> None:
    array = np.zeros(3)
    reference = ours.write("audio", array)
    array[:] = 1
    ours.write("audio", array)
    assert np.array_equal(ours.view(reference), array)
    array.flags.writeable = False
    ours.write("audio", array)
    (folders[0] / "kept-audio.npy").write_bytes(b"proof")
    ours.write("audio", array)
    assert (folders[0] / "kept-audio.npy").read_bytes() == b"proof"
    ours.write("audio", np.zeros(3))
    ours.write("audio", array)
    assert np.array_equal(ours.view(reference), array)


def test_a_file_that_was_taken_away_is_made_again_but_its_folder_is_not(
    folders: list[Path], ours: Exchange
) -> None:
    array = np.ones(3)
    ours.path(ours.write("audio", array)).unlink()
    assert np.array_equal(ours.view(ours.write("audio", array)), array)
    for folder in folders:
        shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError):
        ours.write("audio", array)
