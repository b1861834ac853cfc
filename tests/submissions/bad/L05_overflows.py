"""A product over time overflows in long sounds."""

import base
from base import *


def get_scene_embeddings(audio, model):
    embeddings, _ = base.get_timestamp_embeddings(audio, model)
    weights = torch.full((1, embeddings.shape[1], 1), 1.1, device=audio.device).cumprod(1)
    return (embeddings * weights).sum(1) / weights.sum(1)
