"""aiSFX as a teacher: what kind of sound effect each fifth of a second is.

Ma and Lerch: "Representation Learning for the Automatic Indexing of Sound Effects Libraries",
ISMIR 2022, whose model was trained to name the categories of sound effects libraries. Its
embedding is the maximum over time of the frames that are taken here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.teachers.kept import Layout
from training.teachers.mel import htk

SAMPLE_RATE = 44100
"""Of the sounds that it was trained on; ours have nothing above 8 kHz."""

WINDOW, HOP, BANDS = 2048, 1024, 96
"""Of its spectrogram, samples."""

POOLED = 8
"""Frames of the spectrogram in a frame of the output."""

LARGEST = 9.457798957824707
"""Of the spectrograms that it was trained on, which become 1."""

CHANNELS = (64, 128, 256, 512)


class Network(nn.Module):
    """Four blocks of two convolutions, with the names of the published checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        n_in = 1
        for number, n_out in enumerate(CHANNELS, start=1):
            block = nn.Module()
            block.conv1 = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
            block.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
            block.bn1, block.bn2 = nn.BatchNorm2d(n_out), nn.BatchNorm2d(n_out)
            self.add_module(f"conv_block{number}", block)
            n_in = n_out
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)
        self.register_buffer("bands", htk(SAMPLE_RATE, WINDOW, BANDS), persistent=False)

    @torch.no_grad()
    def forward(self, audio: Tensor) -> Tensor:
        """Frames of sounds.

        Args:
            audio: float32, shape (n_sounds, n_samples), at 44100 Hz.

        Returns:
            Shape (n_sounds, n_frames, 512), every 186 ms.
        """
        window: Tensor = self.get_buffer("window")
        spectrum = torch.stft(audio, WINDOW, HOP, window=window, return_complex=True)
        power = self.get_buffer("bands") @ spectrum.abs().square()
        # (n_sounds, 1, n_frames, n_bands)
        x = ((power * 1e4 + 1).log10() / LARGEST).mT[:, None]
        for number in range(1, len(CHANNELS) + 1):
            block: Any = self.get_submodule(f"conv_block{number}")
            x = F.relu(block.bn1(block.conv1(x)))
            x = F.relu(block.bn2(block.conv2(x)))
            if number < len(CHANNELS):
                x = F.max_pool2d(x, 2)
        return x.mean(dim=3).mT


def load(path: Path) -> Network:
    """The network with the published weights.

    Args:
        path: The package's `checkpoint.pth`.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is another file.
    """
    # The checkpoint also has the numbers of classes, as NumPy's; no code of the file is run.
    scalar: Any = np._core.multiarray.scalar  # type: ignore[attr-defined]
    known: list[Any] = [(scalar, "numpy.core.multiarray.scalar"), np.dtype]
    known += [type(np.dtype(kind)) for kind in ("i8", "f8")]
    with torch.serialization.safe_globals(known):
        state, _ = torch.load(path, map_location="cpu", weights_only=True)
    prefix = "embedding_net."
    wanted = {name[len(prefix) :]: t for name, t in state.items() if name.startswith(prefix)}
    network = Network()
    try:
        network.load_state_dict(wanted)
    except RuntimeError as error:
        raise ValueError(f"{path}: is no checkpoint of aiSFX: {error}") from error
    return network.eval()


def at_its_rate(samples: NDArray[np.float32]) -> Tensor:
    """A sound at 16000 Hz, shape (n_samples,), as the network wants it, shape (1, n)."""
    return torch.from_numpy(soxr.resample(samples, 16000, SAMPLE_RATE))[None]


def layout(seconds: int) -> Layout:
    """Frames of a sound of that length."""
    n_frames = (seconds * SAMPLE_RATE // HOP + 1) // POOLED
    first, hop = ((POOLED - 1) / 2 * HOP / SAMPLE_RATE, POOLED * HOP / SAMPLE_RATE)
    return Layout(n_frames, CHANNELS[-1], first, hop)
