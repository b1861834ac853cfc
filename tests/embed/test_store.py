"""Results on disk: whole or not at all, current or made again."""

from pathlib import Path

import numpy as np
import pytest

from hearbaseline.embed import read, store


def entries(mark: str = "f") -> dict[str, object]:
    return {"scene_embedding": np.arange(4, dtype=np.float32), "fingerprint": mark}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.wav.npz"
    store.write(path, entries())
    found = read(path)
    assert np.array_equal(found["scene_embedding"], np.arange(4))
    assert str(found["fingerprint"]) == "f"
    assert [p.name for p in path.parent.iterdir()] == ["a.wav.npz"]


def test_a_failed_write_leaves_the_old_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    store.write(path, entries("old"))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        store.write(path, entries("new"))
    assert store.is_current(path, "old")
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_only_complete_results_of_the_same_things_are_current(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    assert not store.is_current(path, "f")
    store.write(path, entries())
    assert store.is_current(path, "f")
    assert not store.is_current(path, "other")
    path.write_bytes(path.read_bytes()[:-40])
    assert not store.is_current(path, "f")
    with pytest.raises(ValueError, match="no complete result"):
        read(path)
    path.write_bytes(b"")
    assert not store.is_current(path, "f")


def test_a_fingerprint_follows_audio_module_and_weights(tmp_path: Path) -> None:
    audio, code = tmp_path / "a.wav", tmp_path / "m.py"
    audio.write_bytes(b"1")
    code.write_bytes(b"1")
    before = store.fingerprint(audio, "m", store.state([code]))
    assert store.fingerprint(audio, "m", store.state([code])) == before
    assert store.fingerprint(audio, "n", store.state([code])) != before
    code.write_bytes(b"22")
    assert store.fingerprint(audio, "m", store.state([code])) != before
