"""Scenes are embedded from a random half second."""

import random

import base
from base import *

ALSO = ("S02",)


def get_scene_embeddings(audio, model):
    begin = random.randrange(max(1, audio.shape[1] - SAMPLE_RATE // 2))
    return base.get_scene_embeddings(audio[:, begin : begin + SAMPLE_RATE // 2], model)
