"""Insists on contiguous audio instead of making it so."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    if not audio.is_contiguous():
        raise ValueError("audio must be contiguous")
    return base.get_timestamp_embeddings(audio, model)
