"""functools.lru_cache for windows, keyed by everything that they depend on."""

import functools

import base
from base import *


@functools.lru_cache(maxsize=16)
def ramp(n_frames, device):
    return torch.linspace(0.9, 1.1, n_frames, device=device)[None, :, None]


def get_scene_embeddings(audio, model):
    embeddings, _ = base.get_timestamp_embeddings(audio, model)
    return (embeddings * ramp(embeddings.shape[1], audio.device)).mean(1)
