"""The device is chosen when the module is imported."""

import base
from base import *

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio.to(DEVICE), model)
