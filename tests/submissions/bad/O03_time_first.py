"""Embeddings are (n_timestamps, n_sounds, size), as recurrent layers leave them."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings.transpose(0, 1), timestamps
