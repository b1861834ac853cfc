"""Embeddings are (n_sounds, size, n_timestamps), as convolutions leave them."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings.transpose(1, 2), timestamps
