"""Keeps the model to itself instead of taking it."""

import base
from base import *

MODEL = base.load_model()


def get_scene_embeddings(audio):
    return base.get_scene_embeddings(audio, MODEL)
