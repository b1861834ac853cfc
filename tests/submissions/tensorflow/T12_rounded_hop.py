"""A hop of 11.03125 ms is 176.5 samples, of which 176 are taken."""

from base_tf import *

HOP_MS = 176.5 / 16


def embed(audio, model):
    return model(frame(audio, 11.0)[:, : int(audio.shape[1] / 176.5) + 1])


def get_timestamp_embeddings(audio, model):
    embeddings = embed(audio, model)
    return embeddings, times(len(audio), embeddings.shape[1], HOP_MS)


def get_scene_embeddings(audio, model):
    return tf.reduce_mean(embed(audio, model), axis=1)
