"""Asserts that there is half a second."""

import base
from base import *


def get_scene_embeddings(audio, model):
    assert audio.shape[1] > SAMPLE_RATE // 2, "too short"
    return base.get_scene_embeddings(audio, model)
