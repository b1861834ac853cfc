"""A buffer that is reused keeps the end of a longer sound."""

import base
from base import *


def get_scene_embeddings(audio, model):
    old = model.__dict__.get("buffer")
    if old is None or len(old) != len(audio) or old.shape[1] < audio.shape[1]:
        model.__dict__["buffer"] = torch.zeros_like(audio)
    model.__dict__["buffer"][:, : audio.shape[1]] = audio
    return base.get_scene_embeddings(model.__dict__["buffer"], model)
