"""The last tenth of a second has no timestamp."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    if embeddings.shape[1] > 10:
        embeddings, timestamps = embeddings[:, :-5], timestamps[:, :-5]
    return embeddings, timestamps
