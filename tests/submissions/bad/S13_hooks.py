"""Registers another hook in every call."""

import base
from base import *


def get_scene_embeddings(audio, model):
    seen = []
    model.register_forward_hook(lambda module, inputs, output: seen.append(output.shape))
    return base.get_scene_embeddings(audio, model)
