"""Frames by as_strided, for audio whose samples are neighbours in memory."""

import base
from base import *


def get_scene_embeddings(audio, model):
    n_sounds, n_samples = audio.shape
    if n_samples < WINDOW:
        return base.get_scene_embeddings(audio, model)
    count = (n_samples - WINDOW) // 320 + 1
    frames = torch.as_strided(audio, (n_sounds, count, WINDOW), (n_samples, 320, 1))
    return model(frames).mean(1)
