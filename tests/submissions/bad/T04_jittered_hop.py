"""Every second timestamp comes 3 ms late."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps + 3.0 * (torch.arange(timestamps.shape[1]) % 2)
