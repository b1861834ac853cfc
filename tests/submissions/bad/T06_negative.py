"""The first timestamp is the start of the first, padded window."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps - 1000 * WINDOW / 2 / SAMPLE_RATE
