"""Checkpoints: read without running code, refused in one line."""

import argparse
import os
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from hearbaseline import mel, wav2vec2, whisper
from hearbaseline._checkpoint import CheckpointError, bundled, load_state, reading, restore


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


@pytest.mark.parametrize(
    "load",
    [mel.load_model, wav2vec2.load_model, whisper.load_model],
    ids=["mel", "wav2vec2", "whisper"],
)
def test_names_of_any_characters_and_length_stay_on_one_short_line(
    tmp_path: Path, load: Callable[[str], object]
) -> None:
    path = tmp_path / "a.pt"
    torch.save({"a\nb\x1b[31m" * 1000: torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match=r"has unexpected a.nb.x1b\[31ma") as caught:
        load(str(path))
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 500


def test_unused_names_are_accepted_where_a_model_says_so(tmp_path: Path) -> None:
    state = good_state() | {"classifier.weight": torch.zeros(2)}
    restore(mel.MelProjection(), state, tmp_path, unused=("classifier.",))
    with pytest.raises(CheckpointError, match=r"has unexpected classifier\.weight"):
        restore(mel.MelProjection(), state, tmp_path)


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_state(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("suffix", [".pt", ".bin", ".safetensors"])
@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
        (b"/annex/objects/SHA256E-s9--0.bin\n", "git annex get"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "HDF5"),
        (b"GGUF" + bytes(99), "GGUF"),
        (b"lmgg" + bytes(99), "whisper.cpp"),
        (b"\6\0\0\0\x0c\0WhisperSpec\0" + bytes(99), "CTranslate2"),
        (b"", "0 bytes"),
    ],
)
def test_what_a_file_is_instead_is_told(
    tmp_path: Path, suffix: str, contents: bytes, words: str
) -> None:
    (tmp_path / f"a{suffix}").write_bytes(contents)
    assert words in refused(tmp_path / f"a{suffix}")


FAIRSEQ = {
    "wav2vec_small": {"args": argparse.Namespace(arch="wav2vec2"), "model": {"w": torch.zeros(2)}},
    "hubert_base": {"cfg": {"task": {}}, "model": {"w": torch.zeros(2)}},
    "a later one": {
        "args": None, "model": {"mask_emb": torch.zeros(2)}, "task_state": {},
        "optimizer_history": [], "last_optimizer_state": None, "extra": argparse.Namespace(),
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", FAIRSEQ)
@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_of_fairseq_is_told_with_the_way_to_convert_it(
    tmp_path: Path, kind: str, zipped: bool
) -> None:
    path = tmp_path / "a.pt"
    torch.save(FAIRSEQ[kind], path, _use_new_zipfile_serialization=zipped)
    message = refused(path)
    assert "is a checkpoint of fairseq" in message
    assert "convert_wav2vec2_original_pytorch_checkpoint_to_pytorch" in message


def test_a_state_dict_within_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"epoch": 3, "state_dict": good_state()}, path)
    assert "save its 'state_dict' alone" in refused(path)
    torch.save({"pytorch-lightning_version": "2", "hparams": argparse.Namespace()}, path)
    assert "Lightning" in refused(path)


def test_what_is_no_plain_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.pt")
    assert "is a pipe" in refused(tmp_path / "a.pt")
    assert "is a device" in refused(Path("/dev/zero"))


def test_a_file_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system lets root read everything."""
    (tmp_path / "a.pt").touch()

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert "cannot be read: permission denied" in refused(tmp_path / "a.pt")


@pytest.mark.parametrize("kind", ["sparse", "without numbers", "repeated", "quantized"])
def test_a_tensor_that_is_none_in_memory_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tensor = {
            "sparse": lambda: torch.eye(3).to_sparse(),
            "without numbers": lambda: torch.zeros(3, device="meta"),
            "repeated": lambda: torch.zeros(1).expand(10**12),
            "quantized": lambda: torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.qint8),
        }[kind]()
        torch.save({"window": tensor}, path)
    refused(path)


def test_whatever_reading_raises_is_one_short_line() -> None:
    for error in (
        OSError(22, "Invalid argument"),  # what torch.load says of some archives that were cut
        RecursionError("deep"),
        RuntimeError("x" * 5000),
        AttributeError(),
        MemoryError(),
    ):
        with pytest.raises(CheckpointError) as caught, reading("a.pt"):
            raise error
        assert str(caught.value).startswith("a.pt: cannot be read, it may be truncated")
        assert len(str(caught.value)) < 400
    with pytest.raises(FileNotFoundError, match="gone"), reading("a.pt"):
        raise FileNotFoundError("gone")
