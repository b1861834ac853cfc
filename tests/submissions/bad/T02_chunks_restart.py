"""Timestamps begin anew in every chunk of ten seconds."""

import base
from base import *

ALSO = {"L06"}


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps % 10_000
