"""Audio on a GPU is moved to the first one, where the model may not be."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio.to("cuda:0") if audio.is_cuda else audio, model)
