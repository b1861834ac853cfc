"""The last timestamp is set to the end of the audio."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    timestamps = timestamps.clone()
    timestamps[:, -1] = 1000 * audio.shape[1] / SAMPLE_RATE
    return embeddings, timestamps
