"""What a file is that was given as a checkpoint and is none, from its bytes; nothing of it runs."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

_HEAD = 1 << 16
"""Bytes at the beginning that tell what a file is."""

_PICKLE = 1 << 24
"""Bytes of a pickle that are looked at: names are in it, tensors are not."""

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "is a git LFS pointer, not the weights; run git lfs pull"),
    (b"version https://hawser", "is a git LFS pointer, not the weights; run git lfs pull"),
    (b"/annex/objects/", "is a git-annex pointer, not the weights; run git annex get"),
    (b"\x89HDF", "is an HDF5 file, as Keras saves weights; give a checkpoint of PyTorch"),
    (b"GGUF", "is a GGUF file; give a checkpoint of PyTorch"),
    (b"lmgg", "is a GGML file, as whisper.cpp reads; give a checkpoint of PyTorch"),
    (b"\x1f\x8b", "is a gzip archive; unpack it"),
    (b"7z\xbc\xaf", "is a 7z archive; unpack it"),
    (b"<!doctype", "is a web page, perhaps saved in place of the weights; download it again"),
    (b"<html", "is a web page, perhaps saved in place of the weights; download it again"),
)

FAIRSEQ = (
    "is a checkpoint of fairseq, which holds more than a model; convert it with transformers 4: "
    "python -m transformers.models.wav2vec2.convert_wav2vec2_original_pytorch_checkpoint_to_pytorch"
    " (for HuBERT models.hubert.convert_hubert_original_...), or give the folder of a converted "
    "model, such as facebook/wav2vec2-base or facebook/hubert-base-ls960"
)

_FAIRSEQ = (
    b"fairseq", b"omegaconf", b"task_state", b"last_optimizer_state", b"optimizer_history",
    b"mask_emb", b"w2v_encoder", b"feature_extractor.conv_layers.0.0.",
)  # fmt: skip
"""Words in a pickle of fairseq's."""

_INNER = ("state_dict", "model_state_dict", "model", "module", "net", "network", "ema")
"""Names under which training programs keep a state dict among other things."""


def what_it_is(path: Path) -> str:
    """What a file is instead of a checkpoint, and what to do; "" where that is not known.

    Args:
        path: A plain file.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        return "is empty, 0 bytes; it may be truncated, copy it again"
    lowered = head[:64].lstrip().lower()
    for beginning, what in _BEGINNINGS:
        if head.startswith(beginning) or lowered.startswith(beginning):
            return what
    # Version, length and name: b"\6\0\0\0" b"\x0c\0" b"WhisperSpec\0"
    if b"Spec\0" in head[6:64]:
        return "is a model of CTranslate2; give the checkpoint that it was converted from"
    return ""


def what_is_pickled(path: Path) -> str:
    """What a file holds that was pickled with more than tensors; "" where that is not known.

    Args:
        path: A file that `torch.save` wrote, in either of its formats.
    """
    words = _pickle(path)
    if any(word in words for word in _FAIRSEQ) or (b"Namespace" in words and b"model" in words):
        return FAIRSEQ
    if b"pytorch-lightning" in words:
        return (
            "is a checkpoint of Lightning, which holds more than a model; save its 'state_dict' "
            "alone"
        )
    return ""


def _pickle(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            name = next((n for n in archive.namelist() if n.endswith("data.pkl")), None)
            if name is not None:
                with archive.open(name) as member:
                    return member.read(_PICKLE)
    except Exception:  # the older format, or damaged
        pass
    try:
        with path.open("rb") as file:
            return file.read(_PICKLE)
    except OSError:
        return b""


def what_it_holds(contents: Mapping[object, object]) -> str:
    """What a mapping is that is no state dict; "" where that is not known."""
    if {"dims", "model_state_dict"} <= contents.keys():
        return "is a checkpoint of OpenAI's Whisper; give it to hearbaseline.whisper"
    inner = next((n for n in _INNER if isinstance(contents.get(n), Mapping)), None)
    if inner is None:
        return ""
    if inner == "model" and not {"cfg", "args"}.isdisjoint(contents):
        return FAIRSEQ
    return f"holds more than a state dict; save its {inner!r} alone"
