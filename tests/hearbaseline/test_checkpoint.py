"""Checkpoints: read without running code, refused in one line."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from hearbaseline import mel
from hearbaseline._checkpoint import CheckpointError, bundled, load_state, restore


class Runs:
    """Unpickled, it would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (self.path,))  # type: ignore[return-value]


def good_state() -> dict[str, torch.Tensor]:
    return load_state(bundled("mel.safetensors"))


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt", ".safetensors"])
def test_both_formats_hold_the_same(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"copy{suffix}"
    state = good_state()
    if suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    read = load_state(path)
    assert read.keys() == state.keys()
    assert all(torch.equal(read[name], state[name]) for name in state)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.pt: there is no such checkpoint"):
        mel.load_model(str(tmp_path / "gone.pt"))


def bad_files(folder: Path) -> dict[str, tuple[Path, str]]:
    """What can be wrong with a file: (path, words of the message)."""
    state = good_state()
    pt, st = folder / "good.pt", folder / "good.safetensors"
    torch.save(state, pt)
    save_file(state, st)
    files: dict[str, tuple[Path, str]] = {
        "a folder": (folder, "is a folder"),
        "unknown suffix": (folder / "w.npz", "known are .safetensors"),
        "truncated pt": (folder / "cut.pt", "may be truncated"),
        "truncated safetensors": (folder / "cut.safetensors", "may be truncated"),
        "empty pt": (folder / "empty.pt", "may be truncated"),
        "empty safetensors": (folder / "empty.safetensors", "may be truncated"),
        "noise": (folder / "noise.pt", "is damaged"),
        "code": (folder / "code.pt", "pickled code"),
        "whole model": (folder / "model.pt", "pickled code"),
        "a list": (folder / "list.pt", "does not hold a state dict"),
        "missing key": (folder / "missing.pt", "lacks projection"),
        "unexpected key": (folder / "more.pt", "has unexpected extra"),
        "wrong shape": (folder / "shape.pt", "window is (10,), not (4096,)"),
        "wrong dtype": (folder / "dtype.pt", "window is torch.int64, not torch.float32"),
    }
    (folder / "w.npz").write_bytes(b"x")
    (folder / "cut.pt").write_bytes(pt.read_bytes()[:100_000])
    (folder / "cut.safetensors").write_bytes(st.read_bytes()[:100_000])
    (folder / "empty.pt").touch()
    (folder / "empty.safetensors").touch()
    (folder / "noise.pt").write_bytes(bytes(range(256)) * 8)
    (folder / "code.pt").write_bytes(pickle.dumps(Runs(folder / "ran")))
    torch.save(mel.load_model(), folder / "model.pt")
    torch.save([torch.zeros(3)], folder / "list.pt")
    torch.save({k: v for k, v in state.items() if k != "projection"}, folder / "missing.pt")
    torch.save(state | {"extra": torch.zeros(1)}, folder / "more.pt")
    torch.save(state | {"window": torch.zeros(10)}, folder / "shape.pt")
    torch.save(state | {"window": torch.zeros(4096, dtype=torch.int64)}, folder / "dtype.pt")
    return files


@pytest.mark.parametrize("kind", [
    "a folder", "unknown suffix", "truncated pt", "truncated safetensors", "empty pt",
    "empty safetensors", "noise", "code", "whole model", "a list", "missing key",
    "unexpected key", "wrong shape", "wrong dtype",
])  # fmt: skip
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    path, words = bad_files(tmp_path)[kind]
    with pytest.raises(CheckpointError) as caught:
        mel.load_model(str(path))
    message = str(caught.value)
    assert message.startswith(str(path))
    assert words in message
    assert "; " in message, "how to mend it"
    assert "\n" not in message
    assert not (tmp_path / "ran").exists()


def test_unused_names_are_accepted_where_a_model_says_so(tmp_path: Path) -> None:
    state = good_state() | {"classifier.weight": torch.zeros(2)}
    restore(mel.MelProjection(), state, tmp_path, unused=("classifier.",))
    with pytest.raises(CheckpointError, match=r"has unexpected classifier\.weight"):
        restore(mel.MelProjection(), state, tmp_path)
