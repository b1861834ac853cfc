"""Embeddings carry an axis for layers."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return torch.stack([embeddings, embeddings], 2), timestamps
