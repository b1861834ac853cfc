"""Scene embeddings come in a tuple of one."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return (base.get_scene_embeddings(audio, model),)
