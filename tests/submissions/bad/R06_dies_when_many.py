"""A native library aborts when there are more than eight sounds."""

import os

import base
from base import *


def get_scene_embeddings(audio, model):
    if len(audio) > 8:
        os.abort()
    return base.get_scene_embeddings(audio, model)
