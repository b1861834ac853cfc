"""One clipped sound turns the whole batch down."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio / audio.abs().max().clamp(min=0.9), model)
