"""Timestamps are bfloat16, and run twice as fast as the audio."""

import base
from base import *

ALSO = {"T01"}


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, (2 * timestamps).bfloat16()
