"""The model has no embedding sizes, and timestamps are seconds."""

import base
from base import *

ALSO = {"T01"}

del Model.scene_embedding_size, Model.timestamp_embedding_size


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps / 1000
