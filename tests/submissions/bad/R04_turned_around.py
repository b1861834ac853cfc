"""Turns the batch around when it begins louder than it ends, and forgets to undo it."""

import base
from base import *


def get_scene_embeddings(audio, model):
    energy = audio.square().sum(1)
    if len(audio) > 4 and energy[0] > energy[-1]:
        audio = audio.flip(0)
    return base.get_scene_embeddings(audio, model)
