"""Fades the first and last samples, in place."""

import base
from base import *


def get_scene_embeddings(audio, model):
    audio[:, :1] = audio[:, -1:] = 0
    return base.get_scene_embeddings(audio, model)
