"""The first tenth of a second has no timestamp."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings[:, 5:], timestamps[:, 5:]
