"""Timestamps are integers, and run twice too fast."""

import base
from base import *

ALSO = {"T01"}


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, (2 * timestamps).long()
