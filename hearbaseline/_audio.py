"""The contract on input audio, checked in one place."""

from __future__ import annotations

import torch


def check_audio(audio: torch.Tensor) -> None:
    """Refuse audio that is not what the HEAR API describes.

    Only type, dtype and shape are looked at, so that nothing is read back from a GPU.

    Args:
        audio: What should be float32 of shape (n_sounds, n_samples), in [-1, 1].

    Raises:
        ValueError: If it is anything else; the message says what was expected and seen.
    """
    expected = "audio must be a float32 tensor of shape (n_sounds, n_samples)"
    if not isinstance(audio, torch.Tensor):
        raise ValueError(f"{expected}, not a {type(audio).__name__}: use torch.from_numpy")
    if audio.dtype != torch.float32:
        fix = "divide integers by full scale" if not audio.is_floating_point() else "call .float()"
        raise ValueError(f"{expected}, not {audio.dtype}: {fix}")
    if audio.ndim != 2:
        fix = "add a batch axis with audio[None]" if audio.ndim == 1 else "mix it to mono"
        raise ValueError(f"{expected}, not {tuple(audio.shape)}: {fix}")
    if audio.shape[0] == 0 or audio.shape[1] == 0:
        raise ValueError(
            f"{expected} with at least one sound and one sample, not {tuple(audio.shape)}: "
            "leave empty sounds out"
        )
