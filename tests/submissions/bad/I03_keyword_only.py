"""The model can be passed by name only."""

import base
from base import *


def get_scene_embeddings(audio, *, model):
    return base.get_scene_embeddings(audio, model)
