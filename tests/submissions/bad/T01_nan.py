"""Timestamps are NaN, from a division of 0 by 0."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps * 0 / 0
