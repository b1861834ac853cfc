"""A scene embedding of one number."""

import base
from base import *

Model.scene_embedding_size = 1


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio, model).mean(-1, keepdim=True)
