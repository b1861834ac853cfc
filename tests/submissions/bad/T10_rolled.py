"""Embeddings are shifted by half the sound, as after a misplaced fftshift."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings.roll(embeddings.shape[1] // 2, 1), timestamps
