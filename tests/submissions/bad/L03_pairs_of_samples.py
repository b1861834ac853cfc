"""Adds neighbouring samples, of which there must be an even number."""

import base
from base import *


def get_scene_embeddings(audio, model):
    halves = audio.reshape(len(audio), -1, 2).mean(2)
    return base.get_scene_embeddings(halves.repeat_interleave(2, 1), model)
