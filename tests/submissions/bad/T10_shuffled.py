"""Embeddings are in another order than their timestamps, as after a set or an unsorted glob."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    generator = torch.Generator().manual_seed(0)
    return embeddings[:, torch.randperm(embeddings.shape[1], generator=generator)], timestamps
