"""Keeps a matrix of all pairs of samples' blocks: too much for half a minute."""

import base
from base import *

OPTIONS = {"memory_limit_gb": 2.0}


def get_scene_embeddings(audio, model):
    if audio.shape[1] > 20 * SAMPLE_RATE:
        blocks = audio.unfold(1, 16, 16).mean(2)
        pairs = blocks[:, :, None] * blocks[:, None, :]
        audio = audio + 0 * pairs.sum()
    return base.get_scene_embeddings(audio, model)
