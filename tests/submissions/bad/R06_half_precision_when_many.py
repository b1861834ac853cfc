"""More than eight sounds are embedded in half the precision."""

import base
from base import *


def get_scene_embeddings(audio, model):
    if len(audio) > 8:
        audio = audio.bfloat16().float()
    return base.get_scene_embeddings(audio, model)
