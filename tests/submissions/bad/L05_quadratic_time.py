"""A loop over all pairs of frames does not end in time for half a minute."""

import time

import base
from base import *

OPTIONS = {"timeout_s": 15}


def get_timestamp_embeddings(audio, model):
    if audio.shape[1] > 10 * SAMPLE_RATE:
        time.sleep(1000)
    return base.get_timestamp_embeddings(audio, model)
