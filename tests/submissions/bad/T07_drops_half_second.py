"""The last half second is dropped from long sounds only."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    if audio.shape[1] > 2.2 * SAMPLE_RATE and audio.shape[1] < 2.8 * SAMPLE_RATE:
        audio = audio[:, : -SAMPLE_RATE // 2]
    return base.get_timestamp_embeddings(audio, model)
