"""Yields one sound after the other."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    for sound in audio:
        yield base.get_timestamp_embeddings(sound[None], model)
