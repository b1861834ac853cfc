"""Subtracts the offset in place."""

import base
from base import *


def get_scene_embeddings(audio, model):
    audio -= audio.mean(1, keepdim=True)
    return base.get_scene_embeddings(audio, model)
