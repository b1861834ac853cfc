"""There is one timestamp more than there are embeddings."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings[:, :-1], timestamps
