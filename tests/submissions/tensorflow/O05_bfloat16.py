"""Returns embeddings in bfloat16."""

from base_tf import *


def get_timestamp_embeddings(audio, model):
    embeddings = tf.cast(model(frame(audio)), tf.bfloat16)
    return embeddings, times(len(audio), embeddings.shape[1])
