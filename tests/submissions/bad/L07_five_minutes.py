"""Embeds the first five minutes only."""

import base
from base import *

OPTIONS = {"long": True}
MINUTES = 5


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio[:, : MINUTES * 60 * SAMPLE_RATE], model)
