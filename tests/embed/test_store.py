"""Results on disk: whole or not at all, current or made again, never another recording's."""

import errno
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from hearkit.embed import archive, read, store
from hearkit.embed.key import Later
from hearkit.embed.origin import Origin
from hearkit.errors import UnwritableError

ENTRIES = {
    "scene_embedding": np.arange(4, dtype=np.float32),
    "timestamp_embeddings": np.arange(4096, dtype=np.float32),
    "timestamps": np.arange(3, dtype=np.float32),
    "source": "in/a.wav",
    "duration": 0.5,
    "sample_rate": 16000,
    "module": "m",
    "weights": "",
    "version": "v",
}

ORIGIN = Origin("f", "contents", "/in/a.wav", "1 2 3 4", (Later("module/x", "/x", "d"),))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.wav.npz"
    store.write(path, ENTRIES, ORIGIN)
    found = read(path)
    assert np.array_equal(found["timestamp_embeddings"], np.arange(4096))
    assert str(found["fingerprint"]) == "f"
    seen = archive.look(path)
    assert (seen, seen.is_whole) == (archive.Found(ORIGIN), True)
    assert archive.is_whole(path)
    assert [p.name for p in path.parent.iterdir()] == ["a.wav.npz"]


def test_names_of_any_bytes_are_kept(tmp_path: Path) -> None:
    place = os.fsdecode(b"/in/caf\xe9.wav")
    origin = Origin("f", "c", place, "1", (Later(place, place, "d"),))
    store.write(tmp_path / "a.npz", ENTRIES | {"source": place}, origin)
    assert archive.look(tmp_path / "a.npz").origin == origin
    assert str(read(tmp_path / "a.npz")["source"]) == place


def test_a_failed_write_leaves_the_old_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES, ORIGIN)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        store.write(path, ENTRIES, ORIGIN)
    assert archive.look(path).origin == ORIGIN
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


OTHER = Origin("g", "other contents", "/other/a.wav", "5")


def test_the_result_of_another_recording_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES, ORIGIN)
    with pytest.raises(UnwritableError, match=r"a\.npz is the result of another recording, /in/a"):
        store.write(path, ENTRIES, OTHER)
    assert archive.look(path).origin == ORIGIN


def test_another_recordings_result_that_appears_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, savez = tmp_path / "a.npz", np.savez

    def late(file: object, **arrays: object) -> None:
        monkeypatch.setattr(np, "savez", savez)
        store.write(path, ENTRIES, ORIGIN)
        savez(file, **arrays)  # type: ignore[arg-type]

    monkeypatch.setattr(np, "savez", late)
    with pytest.raises(UnwritableError, match="another recording"):
        store.write(path, ENTRIES, OTHER)
    assert archive.look(path).origin == ORIGIN
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize(
    "same", [Origin("g", "contents", "/moved/a.wav", "5"), Origin("g", "new", "/in/a.wav", "5")]
)
def test_a_recording_that_moved_or_changed_is_the_same(tmp_path: Path, same: Origin) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES, ORIGIN)
    store.write(path, ENTRIES, same)
    assert archive.look(path).origin == same


def foreign_files(folder: Path) -> list[Path]:
    """What may have a result's name and is none."""
    array, arrays, text = (folder / f"{n}.npz" for n in ("array", "arrays", "text"))
    with array.open("wb") as file:
        np.save(file, np.zeros(3))
    np.savez(arrays, scene_embedding=np.zeros(3))
    text.write_text("a note")
    return [array, arrays, text]


def test_a_file_that_is_no_result_stays(tmp_path: Path) -> None:
    for path in foreign_files(tmp_path):
        before = path.read_bytes()
        assert archive.look(path) == archive.Found(foreign="was not written by hear-embed")
        with pytest.raises(UnwritableError, match="was not written by hear-embed"):
            store.write(path, ENTRIES, ORIGIN)
        assert path.read_bytes() == before


def test_what_has_no_name_of_its_own_is_replaced(tmp_path: Path) -> None:
    """A link to nowhere; its target is not made."""
    path = tmp_path / "a.npz"
    path.symlink_to(tmp_path / "precious")
    store.write(path, ENTRIES, ORIGIN)
    assert not path.is_symlink()
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("where", [0.01, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99])
def test_a_result_with_damaged_bytes_is_not_current_and_is_replaced(
    tmp_path: Path, where: float
) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES, ORIGIN)
    damaged = bytearray(path.read_bytes())
    damaged[int(where * len(damaged))] ^= 0xFF
    path.write_bytes(damaged)
    found = archive.look(path)
    assert not (found.origin == ORIGIN and archive.is_whole(path))
    assert not (found.origin == ORIGIN and found.is_whole)
    store.write(path, ENTRIES, ORIGIN)
    assert archive.is_whole(path)


def test_a_folder_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone"):
        read(tmp_path / "gone", "bell.wav")


@pytest.mark.parametrize("length", [0, 10, 1000, -1])
def test_a_truncated_result_is_not_current_and_not_read(tmp_path: Path, length: int) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES, ORIGIN)
    path.write_bytes(path.read_bytes()[:length])
    assert archive.look(path) == archive.Found()
    assert not archive.is_whole(path)
    with pytest.raises(ValueError, match="no complete result"):
        read(path)
    store.write(path, ENTRIES, ORIGIN)


def test_the_arrays_of_a_large_result_are_looked_at_only_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES, ORIGIN)
    monkeypatch.setattr(archive, "_SMALL", 1000)
    found = archive.look(path)
    assert (found, found.is_whole) == (archive.Found(ORIGIN), None)
    assert archive.is_whole(path)


def test_a_pipe_in_a_results_place_is_not_waited_for_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    os.mkfifo(path)
    with pytest.raises(UnwritableError, match=r"cannot be read .* and is not replaced"):
        store.write(path, ENTRIES, ORIGIN)
    assert path.is_fifo()


def test_a_result_that_must_not_be_read_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES, ORIGIN)
    refused = PermissionError(errno.EACCES, "Permission denied")
    with monkeypatch.context() as patched:  # root may read everything
        patched.setattr(archive, "_opened", Mock(side_effect=refused))
        with pytest.raises(UnwritableError, match=r"cannot be read .Permission denied. and is not"):
            store.write(path, ENTRIES, OTHER)
    assert archive.look(path).origin == ORIGIN


def test_a_folder_is_no_result(tmp_path: Path) -> None:
    assert archive.look(tmp_path) == archive.Found()
    assert archive.look(tmp_path / "gone") == archive.Found()
    with pytest.raises(OSError, match="directory"):
        store.write(tmp_path, ENTRIES, ORIGIN)


def test_a_result_of_before_results_told_their_origin_is_known_by_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES | {"fingerprint": "old", "source": "/in/a.wav"})
    assert archive.look(path).origin == Origin("old", "", "/in/a.wav", "")
    with pytest.raises(UnwritableError):
        store.write(path, ENTRIES, OTHER)
    store.write(path, ENTRIES, ORIGIN)


def test_a_write_that_is_killed_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    killed = (
        "import os, signal, sys, pathlib, numpy\n"
        "from hearkit.embed import store\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "store.write(pathlib.Path(sys.argv[1]), {'fingerprint': 'f', 'x': numpy.zeros(9999)})\n"
    )
    done = subprocess.run([sys.executable, "-c", killed, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [p.name for p in tmp_path.iterdir()] == []
    store.write(path, ENTRIES, ORIGIN)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_a_result_holds_what_was_given_uncompressed_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES, ORIGIN)
    with np.load(path, allow_pickle=False) as file:
        assert sorted(file.files) == sorted([*ENTRIES, "fingerprint", "made_from"])
        assert file["source"].shape == ()
        assert file["made_from"].tolist()[:3] == ["contents", "/in/a.wav", "1 2 3 4"]
    assert path.stat().st_size > 4 * 4096


def test_a_result_is_renewed_without_a_change_of_its_own_time(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES, ORIGIN)
    os.utime(path, ns=(1, 2))
    moved = Origin("f", "contents", "/moved/a.wav", "9")
    store.renew(path, moved)
    assert archive.look(path).origin == moved
    assert archive.is_whole(path)
    assert path.stat().st_mtime_ns == 2
    assert np.array_equal(read(path)["timestamp_embeddings"], np.arange(4096))


def test_what_another_run_has_put_there_since_is_not_renewed(tmp_path: Path) -> None:
    """Its embeddings are of another model, and must not be taken for this one's."""
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES, replace(ORIGIN, fingerprint="other model"))
    before = path.read_bytes()
    store.renew(path, replace(ORIGIN, state="5 6 7 8"))
    assert path.read_bytes() == before
