"""torch.stft gets a window on the CPU."""

import base
from base import *


def get_scene_embeddings(audio, model):
    window = torch.hann_window(WINDOW)
    spectrum = torch.stft(audio, WINDOW, 320, window=window, return_complex=True, pad_mode="constant")
    return torch.log(spectrum.abs().square().transpose(1, 2) @ model.bands + 1e-4).mean(1)
