"""Timestamps are put on the first GPU when audio is on any."""

import base
from base import *


def get_timestamp_embeddings(audio, model):
    embeddings, stamps = base.get_timestamp_embeddings(audio, model)
    return embeddings, stamps.cuda() if audio.is_cuda else stamps
