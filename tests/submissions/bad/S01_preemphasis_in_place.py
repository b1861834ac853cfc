"""Pre-emphasis overwrites the audio."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    audio[:, 1:] -= 0.97 * audio[:, :-1].clone()
    return base.get_timestamp_embeddings(audio, model)
