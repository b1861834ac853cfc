"""Timestamps are bfloat16, which resolves 128 ms at half a minute."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, timestamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, timestamps.bfloat16()
