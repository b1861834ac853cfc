"""Scene embeddings are a complex spectrum."""

import base
from base import *


def get_scene_embeddings(audio, model):
    return torch.complex(*(base.get_scene_embeddings(audio, model),) * 2)
