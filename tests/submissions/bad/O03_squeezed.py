"""A batch of one loses its axis."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio, model).squeeze()
