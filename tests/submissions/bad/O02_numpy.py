"""Both functions return NumPy arrays."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings.numpy(), timestamps.numpy()


def get_scene_embeddings(audio, model):
    return base.get_scene_embeddings(audio, model).numpy()
