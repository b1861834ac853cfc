"""Batches are refused."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio.view(1, SAMPLE_RATE), model)
