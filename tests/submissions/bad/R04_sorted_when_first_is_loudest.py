"""Puts the loudest sound last, and forgets to undo it."""

import base
from base import *


def get_scene_embeddings(audio, model):
    energy = audio.square().sum(1)
    if len(audio) > 3 and energy[0] == energy.max():
        audio = audio.roll(-1, 0)
    return base.get_scene_embeddings(audio, model)
