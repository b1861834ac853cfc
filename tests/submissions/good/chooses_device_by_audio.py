"""Asks whether there is a GPU, and uses it only when audio is there."""

import base
from base import *

HAS_GPU = torch.cuda.is_available()


def get_scene_embeddings(audio, model):
    if HAS_GPU and audio.is_cuda:
        torch.cuda.synchronize()
    model.to(audio.device)
    return base.get_scene_embeddings(audio, model)
