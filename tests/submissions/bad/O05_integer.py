"""Embeddings are quantised to integers."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return (100 * embeddings).to(torch.int32), timestamps
