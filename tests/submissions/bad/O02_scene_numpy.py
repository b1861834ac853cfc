"""Scene embeddings are a NumPy array."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio, model).numpy()
