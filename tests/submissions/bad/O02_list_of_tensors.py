"""Embeddings are a list with one tensor for each sound."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return list(embeddings), timestamps
