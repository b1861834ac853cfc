"""Timestamps went through float16, which resolves 16 ms at half a minute."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps.half().float()
