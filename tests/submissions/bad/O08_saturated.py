"""A sigmoid of huge numbers is 0 everywhere."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return torch.sigmoid(1000 * base.get_scene_embeddings(audio, model) - 100_000)
