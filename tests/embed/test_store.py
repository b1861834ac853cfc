"""Results on disk: whole or not at all, current or made again."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hearkit.embed import read, store

ENTRIES = {
    "timestamp_embeddings": np.arange(4096, dtype=np.float32),
    "source": "in/a.wav",
    "fingerprint": "f",
}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.wav.npz"
    store.write(path, ENTRIES)
    found = read(path)
    assert np.array_equal(found["timestamp_embeddings"], np.arange(4096))
    assert str(found["fingerprint"]) == "f"
    assert [p.name for p in path.parent.iterdir()] == ["a.wav.npz"]


def test_a_failed_write_leaves_the_old_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES | {"fingerprint": "old"})

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        store.write(path, ENTRIES)
    assert store.is_current(path, "old")
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_only_a_result_of_the_same_things_is_current(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    assert not store.is_current(path, "f")
    store.write(path, ENTRIES)
    assert store.is_current(path, "f")
    assert not store.is_current(path, "other")


def test_a_fingerprint_follows_audio_module_and_weights(tmp_path: Path) -> None:
    audio, code = tmp_path / "a.wav", tmp_path / "m.py"
    audio.write_bytes(b"1")
    code.write_bytes(b"1")
    before = store.fingerprint(audio, "m", store.state([code]))
    assert store.fingerprint(audio, "m", store.state([code])) == before
    assert store.fingerprint(audio, "n", store.state([code])) != before
    code.write_bytes(b"22")
    assert store.fingerprint(audio, "m", store.state([code])) != before


@pytest.mark.parametrize("where", [0.2, 0.5, 0.8])
def test_a_result_with_damaged_bytes_is_not_current(tmp_path: Path, where: float) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES)
    damaged = bytearray(path.read_bytes())
    damaged[int(where * len(damaged))] ^= 0xFF
    path.write_bytes(damaged)
    assert not store.is_current(path, "f")


@pytest.mark.parametrize("length", [0, 10, 1000, -1])
def test_a_truncated_result_is_not_current_and_not_read(tmp_path: Path, length: int) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES)
    path.write_bytes(path.read_bytes()[:length])
    assert not store.is_current(path, "f")
    with pytest.raises(ValueError, match="no complete result"):
        read(path)


def test_other_files_under_the_name_are_not_current(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    assert not store.is_current(path, "f")
    np.savez(path, scene_embedding=np.zeros(3))
    assert not store.is_current(path, "f")
    path.unlink()
    path.mkdir()
    assert not store.is_current(path, "f")


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
    assert not store.is_current(path, "f")
    store.write(path, ENTRIES)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]
    assert store.is_current(path, "f")


def test_a_result_holds_what_was_given_uncompressed_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES)
    with np.load(path, allow_pickle=False) as file:
        assert sorted(file.files) == sorted(ENTRIES)
        assert file["source"].shape == ()
        assert np.array_equal(file["timestamp_embeddings"], np.arange(4096))
    assert path.stat().st_size > 4 * 4096


def test_a_fingerprint_follows_place_and_version_but_not_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    audio = tmp_path / "a.wav"
    audio.touch()
    before = store.fingerprint(audio, "m", [])
    assert store.fingerprint(Path("a.wav"), "m", []) == before
    moved = audio.rename(tmp_path / "b.wav")
    assert store.fingerprint(moved, "m", []) != before
    moved.rename(audio)
    monkeypatch.setattr(store, "version", lambda: "other")
    assert store.fingerprint(audio, "m", []) != before
