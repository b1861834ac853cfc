"""Divides by the deviation over the batch, where there is more than one sound."""

import base
from base import *


def get_scene_embeddings(audio, model):
    scenes = base.get_scene_embeddings(audio, model)
    return scenes / (scenes.std(0) + 1e-3) if len(scenes) > 1 else scenes
