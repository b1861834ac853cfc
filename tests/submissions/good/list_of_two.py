"""Embeddings and timestamps in a list instead of a tuple."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    return list(base.get_timestamp_embeddings(audio, model))
