"""Timestamps begin anew in every chunk of half a second."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    inside = timestamps % 500
    inside[:, -1] = timestamps[:, -1]
    return embeddings, inside
