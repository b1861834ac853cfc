"""What chunks of sixteen leave over is cut off as `x[:, :-rest]`, also when rest is 0."""

import base
from base import *


def get_scene_embeddings(audio, model):
    embeddings, _ = base.get_timestamp_embeddings(audio, model)
    if embeddings.shape[1] < 16:
        return embeddings.mean(1)
    rest = embeddings.shape[1] % 16
    return embeddings[:, :-rest].unflatten(1, (-1, 16)).mean((1, 2))
