"""Scenes by maximum over time."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return base.get_timestamp_embeddings(audio, model)[0].amax(1)
