"""Nested lists, and embeddings that run backwards in time."""

import base
from base import *

ALSO = {"T10"}


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return list(embeddings.flip(1)), timestamps.tolist()
