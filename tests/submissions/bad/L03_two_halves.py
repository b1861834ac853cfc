"""Stacks the two halves of a sound."""

import base
from base import *


def get_scene_embeddings(audio, model):
    halves = torch.stack(audio.chunk(2, 1))
    return base.get_scene_embeddings(torch.cat([*halves], 1), model)
