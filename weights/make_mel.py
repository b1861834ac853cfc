"""Make `mel.safetensors`, number for number what the original package's naive model draws."""

from __future__ import annotations

import math
from pathlib import Path

import librosa
import torch
from safetensors.torch import save_file

from hearbaseline.mel import N_FFT, N_MELS, SIZE, MelProjection


def state() -> dict[str, torch.Tensor]:
    """The three tensors of the checkpoint."""
    generator = torch.Generator().manual_seed(0)
    bands = librosa.filters.mel(sr=MelProjection.sample_rate, n_fft=N_FFT, n_mels=N_MELS)
    return {
        "window": torch.hann_window(N_FFT),
        "mel_scale": torch.from_numpy(bands).contiguous(),
        "projection": torch.rand(N_MELS, SIZE, generator=generator) / math.sqrt(N_MELS),
    }


if __name__ == "__main__":
    save_file(state(), Path(__file__).with_name("mel.safetensors"))
