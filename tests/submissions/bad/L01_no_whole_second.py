"""The mean over whole seconds is NaN where there is none."""

import base
from base import *


def get_scene_embeddings(audio, model):
    embeddings, _ = base.get_timestamp_embeddings(audio, model)
    per_second = int(1000 / HOP_MS)
    whole = embeddings.shape[1] // per_second * per_second
    return embeddings[:, :whole].mean(1)
