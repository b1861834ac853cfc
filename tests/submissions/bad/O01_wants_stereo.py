"""Demands audio with a channel axis."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    n_sounds, n_channels, n_samples = audio.shape
    return base.get_timestamp_embeddings(audio[:, 0], model)
