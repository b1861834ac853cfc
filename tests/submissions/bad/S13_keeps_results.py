"""Keeps every scene embedding, which is small."""

import base
from base import *

HISTORY = []


def get_scene_embeddings(audio, model):
    scenes = base.get_scene_embeddings(audio, model)
    HISTORY.append(scenes)
    return scenes
