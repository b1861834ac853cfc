"""A timestamp embedding of one number: the level."""

import base
from base import *

Model.timestamp_embedding_size = 1


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings.mean(-1, keepdim=True), timestamps
