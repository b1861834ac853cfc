"""Keeps every input, for later."""

import base
from base import *

HISTORY = []


def get_scene_embeddings(audio, model):
    HISTORY.append(audio)
    return base.get_scene_embeddings(audio, model)
