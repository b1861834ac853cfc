"""There are no timestamps for a sound of one second."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings[:, :0], timestamps[:, :0]
