"""Takes the hop of 320 samples for 320 ms."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps / HOP_MS * 320
