"""A gate opens for every sound if one of them is noisy."""

import base
from base import *


def get_scene_embeddings(audio, model):
    floor = audio.std(1).max()
    return base.get_scene_embeddings(audio * (1.0 if floor < 0.25 else 0.8), model)
