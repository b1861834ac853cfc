"""Embeddings depend on time alone."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return torch.sin(timestamps[..., None] / torch.arange(1.0, SIZE + 1)), timestamps
