"""Padding is counted into the timestamps: the last ones lie past the end."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps + 1000 * WINDOW / 2 / SAMPLE_RATE
