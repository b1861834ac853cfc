"""Makes bfloat16 the default of the whole process in a call."""

import base
from base import *


def get_scene_embeddings(audio, model):
    scenes = base.get_scene_embeddings(audio, model)
    torch.set_default_dtype(torch.bfloat16)
    return scenes
