"""A thousandth of the batch's mean leaks into every sound."""

import base
from base import *


def get_scene_embeddings(audio, model):
    scenes = base.get_scene_embeddings(audio, model)
    return scenes + 1e-3 * (scenes.mean(0) - scenes)
