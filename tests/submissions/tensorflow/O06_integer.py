"""Timestamps as whole milliseconds."""

from base_tf import *


def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio))
    return embeddings, tf.cast(times(len(audio), embeddings.shape[1]), tf.int32)
