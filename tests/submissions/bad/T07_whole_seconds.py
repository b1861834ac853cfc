"""Audio is cut to whole seconds, down to at least one."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    n_samples = audio.shape[1]
    whole = max(n_samples // SAMPLE_RATE, 1) * SAMPLE_RATE
    return base.get_timestamp_embeddings(audio[:, :whole], model)
