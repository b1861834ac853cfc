"""Timestamps in seconds."""

from base_tf import *


def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio))
    return embeddings, times(len(audio), embeddings.shape[1]) / 1000
