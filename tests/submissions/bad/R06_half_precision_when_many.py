"""Scenes of more than eight sounds have half the precision."""

import base
from base import *


def get_scene_embeddings(audio, model):
    scenes = base.get_scene_embeddings(audio, model)
    return scenes.bfloat16().float() if len(audio) > 8 else scenes
