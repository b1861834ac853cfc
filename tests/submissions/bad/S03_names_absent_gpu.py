"""Makes a GPU the default device in the middle of a call, where there may be none."""

import base
from base import *


def get_scene_embeddings(audio, model):
    scenes = base.get_scene_embeddings(audio, model)
    torch.set_default_device("cuda")
    return scenes


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    torch.set_default_device("cpu")
    return base.get_timestamp_embeddings(audio, model)
