"""Keeps PyTorch to one thread."""

import base
from base import *


def get_scene_embeddings(audio, model):
    torch.set_num_threads(1 if torch.get_num_threads() > 1 else 2)
    return base.get_scene_embeddings(audio, model)
