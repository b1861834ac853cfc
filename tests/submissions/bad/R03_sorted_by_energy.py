"""Sorts the batch by energy, and forgets to undo it."""

import base
from base import *


def get_scene_embeddings(audio, model):
    order = audio.square().sum(1).argsort()
    return base.get_scene_embeddings(audio[order], model)
