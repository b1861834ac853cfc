"""Time runs on from one sound of the batch to the next."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps + torch.arange(len(audio))[:, None] * 1000 * audio.shape[1] / SAMPLE_RATE
