"""Refuses sounds of less than a second."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    if audio.shape[1] < SAMPLE_RATE:
        raise ValueError("audio must last at least one second")
    return base.get_timestamp_embeddings(audio, model)
