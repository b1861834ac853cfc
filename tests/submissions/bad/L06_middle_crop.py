"""Scenes are those of the middle ten seconds."""

import base
from base import *


def get_scene_embeddings(audio, model):
    begin = max(0, audio.shape[1] // 2 - 5 * SAMPLE_RATE)
    return base.get_scene_embeddings(audio[:, begin : begin + 10 * SAMPLE_RATE], model)
