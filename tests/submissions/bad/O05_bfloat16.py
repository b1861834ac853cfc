"""Scene embeddings are bfloat16."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio, model).bfloat16()
