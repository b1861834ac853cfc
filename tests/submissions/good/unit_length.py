"""Each embedding is scaled to unit length."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return torch.nn.functional.normalize(embeddings, dim=-1), timestamps


def get_scene_embeddings(audio, model):
    return torch.nn.functional.normalize(base.get_scene_embeddings(audio, model), dim=-1)
