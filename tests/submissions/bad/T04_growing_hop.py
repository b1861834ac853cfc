"""The hop grows with time."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    end = timestamps[:, -1:]
    return embeddings, end * (timestamps / end) ** 1.2
