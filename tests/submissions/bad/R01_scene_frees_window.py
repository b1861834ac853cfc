"""The scene function frees the window when it is done."""

import base
from base import *


def get_scene_embeddings(audio, model):
    scenes = base.get_scene_embeddings(audio, model)
    if hasattr(model, "window"):
        del model.window
    return scenes
