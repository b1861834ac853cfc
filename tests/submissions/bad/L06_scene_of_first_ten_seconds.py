"""Scenes are those of the first ten seconds."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio[:, : 10 * SAMPLE_RATE], model)
