"""Only the first sound of a batch is embedded."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio[:1], model)
