"""All units of the last layer are dead."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return torch.relu(base.get_scene_embeddings(audio, model) - 1e4)
