"""Timestamps have no axis for the batch, and are seconds."""

import base
from base import *

ALSO = {"T01"}


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps[0] / 1000
