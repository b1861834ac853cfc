"""Embeds chunks of four seconds; what is left over is dropped, unless it is all."""

import base
from base import *


def get_scene_embeddings(audio, model):
    chunks = [c for c in audio.split(4 * SAMPLE_RATE, 1) if c.shape[1] == 4 * SAMPLE_RATE]
    return torch.stack([base.get_scene_embeddings(c, model) for c in chunks or [audio]]).mean(0)
